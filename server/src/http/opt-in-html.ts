import type { OptInPage, SubmitResult } from '../opt-ins/index.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:26rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.5rem}label{display:block;margin:1rem 0}input[type=tel]{font:inherit;width:100%;padding:.6rem;box-sizing:border-box}
button{font:inherit;width:100%;padding:.7rem}img{width:10rem;background:#fff;padding:.5rem}small{opacity:.8}`;

const RESULTS: Readonly<Record<SubmitResult, string>> = {
  subscribed: 'You are subscribed. Reply STOP to any text to end.',
  pending_confirmation: 'We sent you a text: reply YES to it, and you are subscribed.',
  still_unsubscribed: 'This number has unsubscribed. Text START to the number below to come back.',
  invalid_phone: 'This is no phone number. Please write it with its area code, or with + and the country code.',
};

/** The hosted page: a form, and after it was sent what came of it. */
export function optInHtml(page: OptInPage, result: SubmitResult | null): string {
  const { brandName, number, consentText, subscribeUrl } = page;
  const isOpen = result === null || result === 'invalid_phone';
  const message = result === null ? '' : `<p role="status"><strong>${escapeHtml(RESULTS[result])}</strong></p>`;
  const form = `<form method="post">
<label>Mobile number <input type="tel" name="phone" required autocomplete="tel" maxlength="40"></label>
<label><input type="checkbox" name="consent" value="yes" required> ${escapeHtml(consentText)}</label>
<button>Subscribe</button>
</form>`;
  return htmlPage(
    `Texts from ${brandName}`,
    `<h1>Texts from ${escapeHtml(brandName)}</h1>
${message}
${isOpen ? form : ''}
<p><img src="${escapeHtml(subscribeUrl)}/qr.svg" alt="QR code of the subscribe link"></p>
<p><small>Or scan the code with your phone and text ${escapeHtml(number)}.</small></p>`,
  );
}

export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head>
<body>
${body}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
