/** The badge. */

import { html, type TemplateResult } from "lit";

import { joined } from "../const";
import { labelOf, wordsOf } from "../model/verdict";
import { PulseElement } from "./base";
import { badgeForm } from "./form";
import { numberShown, type View } from "./parts";
import { BADGE, COMMON } from "./styles";

export class ClaudePulseBadge extends PulseElement {
  static override styles = [COMMON, BADGE];
  static getConfigForm = badgeForm;

  protected override content(view: View): TemplateResult {
    const { format, now, t } = view;
    if (!this.found.length) return html`<span class="micro">${t(this.absence)}</span>`;
    const account = this.worst(view);
    const { entity, text: sentence, window } = account.said;
    this.entity = entity;
    const words = window && [
      numberShown(window, view).join(" "),
      wordsOf(window, now, format).short,
    ];
    return this.button(
      account,
      view,
      html`<span class="text"
        ><span class="label">${window ? labelOf(window, format) : account.name}</span
        ><span>${words ? joined(words, " · ") : sentence}</span></span
      >`,
    );
  }
}
