import { AppError } from './errors.ts';

/** A page of a list that is counted in pages (conventions.md 7 of the contract). */
export interface Page {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
}

export interface Pagination {
  readonly page: number;
  readonly per_page: number;
  readonly total: number;
  readonly total_pages: number;
}

const DEFAULT_PER_PAGE = 50;
/** Far beyond every table; keeps offsets exact. */
const MAX_PAGE = 1_000_000_000;

/** @throws AppError `invalid_page`, `invalid_per_page`; more than `maxPerPage` is cut to it */
export function parsePage(query: Readonly<Record<string, string | undefined>>, maxPerPage: number): Page {
  const page = parsePositive(query['page'], 1);
  if (page === undefined) throw new AppError('invalid_page');
  const perPage = parsePositive(query['per_page'], DEFAULT_PER_PAGE);
  if (perPage === undefined) throw new AppError('invalid_per_page');
  return { page: Math.min(page, MAX_PAGE), perPage: Math.min(perPage, maxPerPage) };
}

function parsePositive(text: string | undefined, byDefault: number): number | undefined {
  if (text === undefined) return byDefault;
  const value = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return value >= 1 ? value : undefined;
}

export function offsetOf({ page, perPage }: Page): number {
  return (page - 1) * perPage;
}

export function toPagination({ page, perPage }: Page, total: number): Pagination {
  return { page, per_page: perPage, total, total_pages: Math.ceil(total / perPage) };
}
