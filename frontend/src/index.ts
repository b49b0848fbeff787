/** The module that dashboards load: card, badge and strategy of Claude Pulse. */

import { register } from "./register";

// The tests of the model import these from the built module.
export { sizeOf } from "./config";
export { Format, wholePercent } from "./format";
export { limitsOf } from "./elements/form";
export { acrossOf } from "./model/across";
export { findAccounts, readAccount, watchedOf } from "./model/accounts";
export { chosenOf, optionOf } from "./model/choice";
export { layOut, pointsOf, ticksOf, useByDay, valueAt } from "./model/history";
export { aboutOf, labelOf, verdict, wordsOf } from "./model/verdict";
export { hoursOf } from "./model/hours";
export { timesReached, weeksOf } from "./model/weeks";
export { bindingOf, judge } from "./model/windows";
export { suggest, suggestBadge } from "./register";
export { text } from "./texts";

if (globalThis.customElements) register();
