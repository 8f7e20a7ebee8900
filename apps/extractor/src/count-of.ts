/** `1 record`, `2 records` */
export const countOf = (value: number, noun: string, shown = String(value)): string =>
  `${shown} ${noun}${value === 1 ? '' : 's'}`;
