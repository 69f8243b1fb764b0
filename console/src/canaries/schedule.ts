// Schedule expressions in words.

/** "Every 5 minutes" of "rate(5 minutes)"; cron expressions stay as they are. */
export function scheduleText(expression: string | undefined): string {
  if (!expression) return '-';
  const rate = /^rate\((\d+) (minute|hour)s?\)$/.exec(expression);
  if (!rate) return expression;
  const n = Number(rate[1]);
  if (n === 0) return 'Run once';
  return n === 1 ? `Every ${rate[2]}` : `Every ${n} ${rate[2]}s`;
}

/** Seconds from one run to the next; nothing for cron expressions and single runs. */
export function scheduleSeconds(expression: string): number | undefined {
  const rate = /^rate\((\d+) (minute|hour)s?\)$/.exec(expression);
  const n = Number(rate?.[1] ?? 0) * (rate?.[2] === 'hour' ? 3600 : 60);
  return n || undefined;
}
