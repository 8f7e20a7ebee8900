/** Whether tests try every place and every combination, as `npm run test:chaos` does, instead of a part of them. */
export const isExhaustive = process.env['PARSER_EXHAUSTIVE'] === '1';
