/** The editors of card and badge, which Home Assistant draws from a schema. */

import { ACTIONS, LAYOUTS, NUMBERS, PARTS } from "../config";
import { PLATFORM } from "../const";
import { text, type TextKey } from "../texts";

interface Field {
  name: string;
  selector?: object;
  type?: string;
  title?: string;
  schema?: Field[];
}

/** Return the language of the page, as a schema gets no `hass`. */
export const languageOfPage = (): string => document.documentElement.lang || "en";

const t = (key: string): string => text(languageOfPage(), key as TextKey);

const select = (name: string, values: readonly string[], more: object): Field => ({
  name,
  selector: { select: { options: values.map((value) => ({ value, label: t(value) })), ...more } },
});

const device = (): Field => ({
  name: "device",
  selector: { device: { multiple: true, filter: { integration: PLATFORM } } },
});

const show = (): Field => select("show", NUMBERS, { mode: "dropdown" });

const actions = (): Field => ({
  name: "",
  type: "expandable",
  title: t("actions"),
  schema: ACTIONS.map((kind) => ({ name: `${kind}_action`, selector: { ui_action: {} } })),
});

const form = (schema: Field[]) => ({ schema, computeLabel: ({ name }: Field) => t(name) });

export const cardForm = () =>
  form([
    { name: "title", selector: { text: {} } },
    device(),
    select("layout", LAYOUTS, { mode: "dropdown" }),
    show(),
    select("hide", PARTS, { mode: "list", multiple: true }),
    actions(),
  ]);

export const badgeForm = () => form([device(), show(), actions()]);
