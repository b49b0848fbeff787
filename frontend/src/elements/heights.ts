/** The heights of cards, so that nothing jumps while their details are loading. */

const KEY = "claude-pulse-heights";
const MOST = 30;

let heights: Map<string, number> | undefined;

function stored(): Map<string, number> {
  try {
    heights ??= new Map(JSON.parse(localStorage.getItem(KEY) ?? "[]") as [string, number][]);
  } catch {
    // The browser stores nothing, or something else.
  }
  return (heights ??= new Map());
}

/** Return the height of a card when it was loaded before, or 0. */
export const heightOf = (key: string): number => Number(stored().get(key)) || 0;

/** Store the height of a card. The oldest ones are removed. */
export function rememberHeight(key: string, height: number): void {
  const all = stored();
  if (!height || all.get(key) === height) return;
  all.delete(key);
  all.set(key, height);
  const [oldest] = all.keys();
  if (all.size > MOST && oldest !== undefined) all.delete(oldest);
  try {
    localStorage.setItem(KEY, JSON.stringify([...all]));
  } catch {
    // The browser stores nothing.
  }
}
