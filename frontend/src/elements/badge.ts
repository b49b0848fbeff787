/** The badge. */

import { html, nothing, type TemplateResult } from "lit";

import { wordsOf } from "../model/verdict";
import { PulseElement } from "./base";
import { badgeForm } from "./form";
import { numberShown, type View } from "./parts";
import { BADGE, COMMON } from "./styles";

export class ClaudePulseBadge extends PulseElement {
  static override styles = [COMMON, BADGE];
  static getConfigForm = badgeForm;

  override connectedCallback(): void {
    super.connectedCallback();
    this.toggleAttribute("in-heading", this.parentElement?.localName === "hui-heading-badge");
  }

  protected override content(view: View): TemplateResult {
    const { format, now, t } = view;
    if (!this.found.length) return html`<span class="micro">${t(this.absence)}</span>`;
    const account = this.chosen(view);
    const { entity, text: sentence, window } = account.said;
    this.entity = entity;
    const words = window && wordsOf(window, now, format).short;
    return this.button(
      account,
      view,
      html`<span class="text"
        ><span class="label name">${window ? this.labelOf(account, window, view) : account.name}</span
        ><span
          >${window ? numberShown(window, view).join(" ") : sentence}${words
            ? html`<span class="more"> · ${words}</span>`
            : nothing}</span
        ></span
      >`,
    );
  }
}
