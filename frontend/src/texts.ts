/** The texts in the languages that are loaded. English is part of the module. */

import english from "./texts/en.json";

export type TextKey = keyof typeof english;
type Texts = Partial<Record<TextKey, string>>;

/** The hash in the file name of each other language. The build inserts them. */
declare const LANGUAGES: Record<string, string>;

const loaded = new Map<string, Texts>([["en", english]]);
const requested = new Map<string, Promise<boolean>>();

/** Return the closest language that has texts, or undefined. */
const nameIn = (names: Map<string, unknown>, language: unknown): string | undefined => {
  const whole = String(language);
  const base = whole.split("-")[0] ?? "";
  if ([whole, base].some((name) => names.has(name))) return names.has(whole) ? whole : base;
  // Readers of traditional Chinese read English rather than the simplified one.
  if (/^zh-(hant|tw|hk|mo)/i.test(whole)) return undefined;
  return [...names.keys()].find((name) => name.split("-")[0] === base);
};

/** Return whether texts of a language or its base language are loaded. */
export const hasTexts = (language: string): boolean => nameIn(loaded, language) !== undefined;

/** Load the texts of a language, if there are any. Return whether there are new ones. */
export async function loadTexts(language: string): Promise<boolean> {
  const hashes = new Map(Object.entries(LANGUAGES));
  const name = nameIn(hashes, language);
  if (hasTexts(language) || name === undefined) return false;
  if (!requested.has(name)) requested.set(name, fetchTexts(name, hashes.get(name) ?? ""));
  const isNew = await requested.get(name);
  // After a failure, the next card tries again.
  if (!isNew) requested.delete(name);
  return isNew ?? false;
}

async function fetchTexts(name: string, hash: string): Promise<boolean> {
  try {
    const response = await fetch(new URL(`./texts/${name}-${hash}.json`, import.meta.url));
    if (!response.ok) return false;
    loaded.set(name, (await response.json()) as Texts);
    return true;
  } catch {
    return false;
  }
}

/** Return a text in the form for a number. Each language has the forms that it needs. */
export function plural(
  language: string | undefined,
  key: string,
  count: number,
  values: Record<string, string | undefined> = {},
): string {
  const form = `${key}_${new Intl.PluralRules(language).select(count)}`;
  const texts = loaded.get(nameIn(loaded, language) ?? "en");
  const known = texts && form in texts ? form : `${key}_other`;
  return text(language, known as TextKey, values);
}

/** Return a text of a language with its values inserted. English replaces a missing one. */
export function text(
  language: string | undefined,
  key: TextKey,
  values: Record<string, string | undefined> = {},
): string {
  const texts = loaded.get(nameIn(loaded, language) ?? "en");
  const found = texts?.[key] ?? english[key] ?? key;
  return found.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
