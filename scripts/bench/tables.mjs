import { format, isScaled, toReference } from './figures.mjs';
import { findOver, isGoalReached, limitsOf } from './judge.mjs';

/** For the terminal: figures as measured, as the reference machine would have given them, and what they are held to. */
export function printResult(result, before) {
  console.log(`\n${result.bench}  ${toSlowness(result)}`);
  const over = findOver([result]);
  for (const [name, value] of Object.entries(result.figures)) {
    const was = before?.[name] === undefined ? '' : `baseline ${format(before[name])}`;
    const held = [toBudget(result, name, over), toGoal(result, name)].filter(Boolean).join(', ');
    const columns = [format(value).padStart(12), toScaled(result, name).padStart(12), was.padEnd(20), held];
    console.log(`  ${name.padEnd(24)} ${columns.join('  ')}`.trimEnd());
  }
  const missing = over.filter((name) => result.figures[name] === undefined);
  if (missing.length > 0) console.log(`  no such figure: ${missing.join(', ')}`);
}

/** Of the machine while it was measured. */
function toSlowness({ slowness }) {
  const { cpu, wall, database } = slowness;
  const ofDatabase = database === undefined ? '' : `, ${database.toFixed(2)} (PostgreSQL)`;
  return `slowness ${cpu.toFixed(2)} (CPU), ${wall.toFixed(2)} (wall)${ofDatabase}`;
}

/** What is judged; empty for figures that are judged as measured. */
function toScaled({ figures, slowness }, name) {
  return isScaled(name) ? format(toReference(name, figures, slowness)) : '';
}

function toBudget(result, name, over) {
  const limit = limitsOf(result).find((each) => each.name === name);
  if (limit === undefined) return '';
  return `budget ${toLimitText(limit)}${over.includes(name) ? ' OVER' : ''}`;
}

function toLimitText({ most, least }) {
  return most === undefined ? `≥ ${format(least)}` : format(most);
}

function toGoal(result, name) {
  const goal = result.goal[name];
  return goal === undefined ? '' : `goal ${format(goal)} ${toReached(result, name)}`;
}

function toReached(result, name) {
  return isGoalReached(result, name) ? 'reached' : 'not reached';
}

/** A section of the document: all figures of a benchmark. */
export function toSection(result) {
  const limits = new Map(limitsOf(result).map((limit) => [limit.name, limit]));
  const rows = Object.entries(result.figures).map(([name, value]) => {
    const limit = limits.get(name);
    const over = result.over.includes(name) ? ' (over)' : '';
    const goal = result.goal[name] === undefined ? '' : `${format(result.goal[name])}, ${toReached(result, name)}`;
    return [
      `\`${name}\``,
      format(value),
      toScaled(result, name),
      limit === undefined ? '' : `${toLimitText(limit)}${over}`,
      goal,
    ];
  });
  const title = `${result.bench[0].toUpperCase()}${result.bench.slice(1).replaceAll('-', ' ')}`;
  const facts = `Durable: ${result.durable}. Measured on ${result.date}, ${toSlowness(result)}.`;
  return [
    '',
    `## ${title}`,
    '',
    facts,
    '',
    ...toTable(['figure', 'measured', 'at reference speed', 'budget', 'goal'], rows, '<>>>>'),
  ];
}

/**
 * Lines of Markdown, padded.
 * @param {string} sides of each column, `<` or `>`
 */
export function toTable(heads, rows, sides) {
  const widths = heads.map((head, column) => Math.max(3, head.length, ...rows.map((row) => row[column].length)));
  const pad = (cell, column) => (sides[column] === '<' ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
  const toLine = (cells) => `| ${cells.map(pad).join(' | ')} |`;
  const rule = widths.map((width, column) => (sides[column] === '<' ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [toLine(heads), `| ${rule.join(' | ')} |`, ...rows.map(toLine)];
}
