/** The editors of card, badge and bar, which Home Assistant draws from a schema. */

import { ACTIONS, LAYOUTS, NUMBERS, PARTS } from "../config";
import { PLATFORM } from "../const";
import { Format } from "../format";
import { findAccounts, readAccount } from "../model/accounts";
import { optionOf } from "../model/choice";
import { labelOf } from "../model/verdict";
import { Details } from "../sources";
import { text, type TextKey } from "../texts";
import type { Hass } from "../types";

interface Field {
  name: string;
  selector?: object;
  type?: string;
  title?: string;
  schema?: Field[];
}

type Option = { value: string; label: string };

/** Return the language of the page, as a schema gets no `hass`. */
export const languageOfPage = (): string => document.documentElement.lang || "en";

/** Return the `hass` object of the page, where Home Assistant passes none. */
export const hassOfPage = (): Hass | undefined =>
  document.querySelector<HTMLElement & { hass?: Hass }>("home-assistant")?.hass;

const t = (key: string): string => text(languageOfPage(), key as TextKey);

const options = (values: readonly string[]): Option[] =>
  values.map((value) => ({ value, label: t(value) }));

const select = (name: string, offered: readonly Option[], more: object): Field => ({
  name,
  selector: { select: { options: offered, ...more } },
});

const device = (): Field => ({
  name: "device",
  selector: { device: { multiple: true, filter: { integration: PLATFORM } } },
});

/** Return the limits of all accounts, in their usual order. */
export function limitsOf(hass: Hass | undefined): Option[] {
  if (!hass) return [];
  const format = new Format({ language: hass.language, ...hass.locale }, hass.config);
  const details = Details.of(hass).value;
  const windows = findAccounts(hass, details).flatMap(
    (found) => readAccount(hass, found, details, Date.now()).windows,
  );
  const labels = new Map(windows.map((one) => [optionOf(one), labelOf(one, format)]));
  return [...labels].map(([value, label]) => ({ value, label }));
}

const limits = (): Field =>
  select("limits", limitsOf(hassOfPage()), {
    custom_value: true,
    mode: "dropdown",
    multiple: true,
    reorder: true,
  });

const show = (): Field => select("show", options(NUMBERS), { mode: "dropdown" });

const actions = (): Field => ({
  name: "",
  type: "expandable",
  title: t("actions"),
  schema: ACTIONS.map((kind) => ({ name: `${kind}_action`, selector: { ui_action: {} } })),
});

const form = (schema: Field[]) => ({
  schema,
  computeLabel: ({ name }: Field) => t(name),
  computeHelper: ({ name }: Field) => (name ? t(`help_${name}`) : undefined),
});

export const cardForm = () =>
  form([
    { name: "title", selector: { text: {} } },
    device(),
    select("layout", options(LAYOUTS), { mode: "dropdown" }),
    limits(),
    show(),
    select("hide", options(PARTS), { mode: "list", multiple: true }),
    actions(),
  ]);

export const badgeForm = () => form([device(), limits(), show(), actions()]);

export const featureForm = () => form([show()]);
