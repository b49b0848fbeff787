/** The limits that a person has chosen, and their order. Pure. */

import { EXTRA, type Window } from "./windows";

type Named = Pick<Window, "key" | "blocks" | "name">;

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_");

/** Return the name of a limit in the option `limits`, such as `weekly` or `fable`. */
export const optionOf = ({ key, blocks, name }: Named): string =>
  blocks || key === EXTRA ? key : plain(name);

/** Return the chosen limits in their order, or all without a choice. */
export function chosenOf<T extends Named>(windows: readonly T[], limits: readonly string[]): T[] {
  if (!limits.length) return [...windows];
  const wanted = limits.map(plain);
  // Until the details have come, the name of a model is only in the key.
  const rank = (window: T) =>
    wanted.findIndex((limit) =>
      [optionOf(window), ...window.key.split(":")].some((name) => plain(name) === limit),
    );
  return windows
    .filter((window) => rank(window) >= 0)
    .sort((one, other) => rank(one) - rank(other));
}
