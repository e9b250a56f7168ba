import { Type } from 'typebox';

/** Query parameters of lists that are counted in pages. */
export function pageQuery(maxPerPage: number) {
  return {
    page: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
    per_page: Type.Optional(
      Type.Integer({ minimum: 1, default: 50, description: `More than ${maxPerPage} counts as ${maxPerPage}` }),
    ),
  };
}
