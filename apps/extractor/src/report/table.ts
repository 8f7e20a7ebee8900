/** Rows as lines of equally wide columns, two blanks apart; `left` are the columns that are aligned to the left. */
export const formatTable = (rows: readonly (readonly string[])[], left: readonly number[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (left.includes(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
};
