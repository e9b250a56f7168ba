/** Columns of equal width, a header in capitals; `empty` when there are no rows. */
export function toTable(headers: readonly string[], rows: readonly (readonly unknown[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const lines = [headers.map((header) => header.toUpperCase()), ...rows.map((row) => row.map(toCell))];
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) => toLine(line, widths)).join('\n');
}

/** A line of a table whose widths are known before its rows, such as one that grows. */
export function toLine(cells: readonly unknown[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => toCell(cell).padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}

/** Names and values below each other. */
export function toFields(fields: Readonly<Record<string, unknown>>): string {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(width)}  ${toCell(value)}`)
    .join('\n');
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return value.replace(/\s*\n\s*/g, ' ');
  return JSON.stringify(value);
}
