/** What a line of `parse` holds: a message body, or the typed record that the parser's `to…` functions return. */
export const SHAPES = ['message', 'clean'] as const;
export type Shape = (typeof SHAPES)[number];
