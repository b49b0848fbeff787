/** Constants and small functions that several modules share. */

export const PLATFORM = "claude_pulse";
export const INTEGRATION = `/config/integrations/integration/${PLATFORM}`;
export const README = "https://github.com/claude-pulse/claude-pulse#readme";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Return the last item of a list. */
export const last = <T>(list: readonly T[]): T | undefined => list[list.length - 1];

/** Return a value between 0 and a maximum. */
export const within = (value: number, most = 100): number => Math.max(0, Math.min(most, value));

/** Join the parts that are not empty. */
export const joined = (parts: readonly unknown[], by: string): string =>
  parts.filter(Boolean).join(by);
