import type { OptInPage, SubmitResult } from '../opt-ins/index.ts';

/** What came of a form; `no_consent`: the box was not ticked. */
export type FormResult = SubmitResult | 'no_consent';

/** A form that was sent. */
export interface SentForm {
  readonly result: FormResult;
  /** The number as it was typed, to be corrected. */
  readonly phone: string;
}

const STYLE = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}a{color:LinkText}
body{max-width:26rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2.5rem}
label{display:block;margin:1rem 0 0}input[type=tel]{font:inherit;width:100%;padding:.6rem;box-sizing:border-box}
button{font:inherit;width:100%;padding:.7rem;margin-top:1rem}.error{font-weight:bold;margin:.25rem 0 0;color:light-dark(#a4001d,#ff9b93)}input[type=checkbox]{width:1.2rem;height:1.2rem;vertical-align:-.2rem}
img{width:10rem;height:10rem;background:#fff;padding:.5rem}`;

const PROBLEMS: Partial<Record<FormResult, { readonly field: 'phone' | 'consent'; readonly text: string }>> = {
  invalid_phone: {
    field: 'phone',
    text: 'This is no phone number. Please write it with its area code, or with + and the country code.',
  },
  no_consent: { field: 'consent', text: 'Please tick the box if you agree; without it we send you nothing.' },
};

/** The hosted page: a form, and after it was sent what came of it. Works without scripts. */
export function optInHtml(page: OptInPage, sent: SentForm | null): string {
  const title = `Texts from ${page.brandName}`;
  const problem = sent === null ? undefined : PROBLEMS[sent.result];
  if (sent === null) return htmlPage(title, headline(title) + form(page, '') + otherWays(page));
  if (problem === undefined) {
    return htmlPage(title, `${headline(title)}<p role="status">${escapeHtml(outcome(page, sent.result))}</p>`);
  }
  return htmlPage(`Error: ${title}`, headline(title) + form(page, sent.phone, problem) + otherWays(page));
}

function outcome({ number, keyword }: OptInPage, result: FormResult): string {
  if (result === 'pending_confirmation') return 'We sent you a text: reply YES to it, and you are subscribed.';
  if (result === 'subscribed') return 'You are subscribed. Reply STOP to any text to end.';
  return `This number has unsubscribed. Text ${keyword} to ${number} to come back.`;
}

function headline(title: string): string {
  return `<h1>${escapeHtml(title)}</h1>\n`;
}

function form(page: OptInPage, phone: string, problem?: { readonly field: string; readonly text: string }): string {
  // The field that is wrong says so, and is where the writing goes on.
  const told = (field: string): string =>
    problem?.field === field ? `<p class="error" id="error" role="alert">${escapeHtml(problem.text)}</p>\n` : '';
  const marks = (field: string): string =>
    problem?.field === field ? ' aria-invalid="true" aria-describedby="error" autofocus' : '';
  return `<form method="post">
<label for="phone">Mobile number</label>
<input type="tel" id="phone" name="phone" value="${escapeHtml(phone)}" required autocomplete="tel" maxlength="40"${marks('phone')}>
${told('phone')}<label><input type="checkbox" name="consent" value="yes" required${marks('consent')}> ${escapeHtml(page.consentText)}</label>
${told('consent')}<button>Subscribe</button>
</form>
`;
}

function otherWays({ subscribePath, keyword, number }: OptInPage): string {
  const link = escapeHtml(subscribePath);
  return `<h2>With your phone</h2>
<p>Scan this code, or <a href="${link}">text ${escapeHtml(keyword)} to ${escapeHtml(number)}</a>.</p>
<p><img src="${link}/qr.svg" width="160" height="160" alt="QR code of the link that subscribes you"></p>`;
}

/** A page that says one thing. */
export function noticeHtml(title: string, text: string): string {
  return htmlPage(title, `${headline(title)}<p>${escapeHtml(text)}</p>`);
}

function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body><main>
${body}
</main></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
