/** The handsets of the simulator: lists them, shows one, answers as its person. Text only ever becomes textContent. */

const RULES = new Map([
  ['0150', 'Refused at once: the number is wrong'],
  ['0151', 'Refused at once: the carrier holds an opt-out'],
  ['0152', 'Throttled three times, then delivered'],
  ['0153', 'No answer, but the message was taken; delivered after 5 s'],
  ['0154', 'No answer, and the message was not taken'],
  ['0155', 'Fails: handset off or away'],
  ['0156', "Fails: the recipient's carrier refuses"],
  ['0157', 'Fails: reported as spam'],
  ['0158', 'Fails: validity ran out'],
  ['0159', 'Accepted, never a receipt'],
  ['0160', 'The receipt arrives before the answer to the submit'],
  ['0161', 'The receipt arrives twice'],
  ['0162', 'A pending report arrives after the delivery'],
  ['0163', 'The second part of a long message fails'],
  ['0164', "The receipt carries the carrier's id in hexadecimal"],
  ['0165', 'Delivered, then replies STOP'],
  ['0166', 'Delivered, then replies HELP'],
  ['0167', 'Delivered, then replies Thanks'],
  ['0168', 'The carrier answers HTTP 500 but takes the message; delivered after 60 s'],
  ['0169', 'Connection refused for 10 s, then delivered'],
]);
const ANY_OTHER = 'Accepted, delivered after 300 ms';
const PAGE_SIZE = 50;
const E164 = /^\+[1-9][0-9]{6,14}$/;
const STATE_WORDS = { sent: 'On the way', delivered: 'Delivered', undelivered: 'Not delivered', failed: 'Failed' };

const $ = (id) => document.getElementById(id);
const main = $('main');
/** Newest first: phone -> { phone, messages, last_at }. */
let handsets = new Map();
let nextCursor = null;
let openPhone = null;
/** Messages of the open handset by id. */
let conversation = new Map();
let loadingPhone = 0;

async function requestJson(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `The server answered ${response.status}`);
  return answer;
}

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

function ruleOf(phone) {
  return RULES.get(phone.slice(-4)) ?? ANY_OTHER;
}

function toSummary(phone, messages) {
  const count = `${messages} ${messages === 1 ? 'message' : 'messages'}`;
  const rule = RULES.get(phone.slice(-4));
  return rule === undefined ? count : `${count} · ${rule}`;
}

function toClock(iso) {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return today
    ? at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
    : at.toLocaleString([], { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}

async function loadHandsets(cursor) {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(cursor === null ? {} : { cursor }) });
  const answer = await requestJson(`/simulator/handsets?${query}`);
  const entries = answer.handsets.map((handset) => [handset.phone, handset]);
  handsets = cursor === null ? new Map(entries) : new Map([...handsets, ...entries]);
  nextCursor = answer.pagination.next_cursor;
  showHandsets();
}

function showHandsets() {
  const wanted = $('search').value.trim();
  const shown = [...handsets.values()].filter(({ phone }) => phone.includes(wanted.replace(/[^0-9+]/g, '')));
  $('handsets').replaceChildren(...shown.map(toHandsetItem));
  $('more').hidden = nextCursor === null || wanted !== '';
  $('no-match').hidden = wanted === '' || shown.length > 0;
  $('no-match').textContent = E164.test(wanted)
    ? 'Press Enter to open this handset.'
    : 'No handset in the list. Type a whole number, such as +13125550142, to open it.';
  showView();
}

function toHandsetItem({ phone, messages, last_at: lastAt }) {
  const button = element(
    'button',
    { type: 'button' },
    element('strong', { textContent: phone }),
    element('small', { textContent: toClock(lastAt) }),
    element('small', { textContent: toSummary(phone, messages) }),
  );
  if (phone === openPhone) button.setAttribute('aria-current', 'true');
  button.dataset.phone = phone;
  return element('li', {}, button);
}

function showView() {
  const isEmpty = handsets.size === 0 && openPhone === null;
  main.dataset.view = openPhone === null ? (isEmpty ? 'empty' : 'list') : 'phone';
  $('empty').hidden = !isEmpty;
  $('phone').hidden = openPhone === null;
  $('choose').hidden = isEmpty || openPhone !== null;
}

async function openHandset(phone) {
  const load = ++loadingPhone;
  const answer = await requestJson(`/simulator/handsets/${encodeURIComponent(phone)}?status=true`);
  if (load !== loadingPhone) return;
  const isOther = phone !== openPhone;
  openPhone = phone;
  conversation = new Map(answer.messages.map((message) => [message.id, message]));
  history.replaceState(null, '', `#${phone}`);
  $('phone-number').textContent = phone;
  $('phone-rule').textContent = ruleOf(phone);
  if (isOther) $('answer-error').hidden = true;
  showConversation();
  showHandsets();
}

function closeHandset() {
  const phone = openPhone;
  loadingPhone++;
  openPhone = null;
  history.replaceState(null, '', location.pathname);
  showHandsets();
  ($('handsets').querySelector(`[data-phone="${phone}"]`) ?? $('search')).focus();
}

function showConversation() {
  const messages = [...conversation.values()];
  $('conversation').replaceChildren(...messages.map(toBubble));
  $('conversation').scrollTop = $('conversation').scrollHeight;
  showSenders(messages);
}

/** The numbers that wrote to this handset, newest first; people answer the last one unless they choose. */
function showSenders(messages) {
  const numbers = new Set(messages.toReversed().map(({ direction, from, to }) => (direction === 'in' ? from : to)));
  const chosen = $('answer-to').value;
  const options = [...numbers].map((number) => element('option', { value: number, textContent: `To ${number}` }));
  $('answer-to').replaceChildren(...options);
  if (numbers.has(chosen)) $('answer-to').value = chosen;
  for (const control of $('answer').elements) control.disabled = numbers.size === 0;
  $('answer-body').placeholder = numbers.size === 0 ? 'Nobody wrote to this handset yet' : 'Answer as this person';
}

function toBubble(message) {
  const item = element(
    'li',
    { className: message.direction },
    element('div', { className: 'bubble', textContent: message.body }),
    toMeta(message),
  );
  item.dataset.id = message.id;
  return item;
}

function toMeta(message) {
  const meta = element('div', { className: 'meta' });
  meta.append(element('span', { textContent: toClock(message.at) }));
  if (message.parts > 1) meta.append(` · ${message.parts} parts`);
  if (message.encoding !== 'GSM-7') meta.append(` · ${message.encoding}`);
  if (message.direction === 'in') {
    const state = message.status ?? 'sent';
    const word = element('b', { textContent: STATE_WORDS[state] ?? state });
    word.dataset.state = state;
    if (state === 'undelivered' || state === 'failed') word.textContent += ` (${message.status_detail})`;
    meta.append(' · ', word);
  }
  return meta;
}

function onMessage({ phone, message }) {
  const known = handsets.get(phone);
  handsets.delete(phone);
  const entry = { phone, messages: (known?.messages ?? 0) + 1, last_at: message.at };
  handsets = new Map([[phone, entry], ...handsets]);
  soon(showHandsets);
  // Its count is not known when it is older than the part of the list that was loaded.
  if (known === undefined && nextCursor !== null) soon(reload);
  if (phone !== openPhone || conversation.has(message.id)) return;
  conversation.set(message.id, message);
  soon(showConversation);
}

/** A failed part decides; a report on the way never undoes a final one. */
function onReceipt({ phone, id, state, detail }) {
  const message = phone === openPhone ? conversation.get(id) : undefined;
  if (message === undefined || message.status === 'undelivered') return;
  if (message.status === 'delivered' && state === 'sent') return;
  Object.assign(message, { status: state, status_detail: detail });
  const item = $('conversation').querySelector(`[data-id="${id}"]`);
  item?.querySelector('.meta')?.replaceWith(toMeta(message));
}

const waiting = new Set();
/** At most once a frame, however many events arrive. */
function soon(action) {
  if (waiting.has(action)) return;
  waiting.add(action);
  setTimeout(() => {
    waiting.delete(action);
    action();
  }, 50);
}

async function reload() {
  try {
    await loadHandsets(null);
    if (openPhone !== null) await openHandset(openPhone);
  } catch (error) {
    showConnection('waiting', `Cannot load: ${error.message}`);
  }
}

function showConnection(state, text) {
  $('connection').dataset.state = state;
  $('connection').textContent = text;
}

function connect() {
  const events = new EventSource('/simulator/events');
  events.addEventListener('open', () => {
    showConnection('live', 'Live');
    void reload();
  });
  events.addEventListener('error', () => showConnection('waiting', 'Connecting…'));
  events.addEventListener('message', (event) => onMessage(JSON.parse(event.data)));
  events.addEventListener('receipt', (event) => onReceipt(JSON.parse(event.data)));
}

async function sendAnswer(body) {
  const phone = openPhone;
  if (phone === null || body.trim() === '') return;
  $('answer-error').hidden = true;
  try {
    await requestJson(`/simulator/handsets/${encodeURIComponent(phone)}/messages`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ to: $('answer-to').value, body }),
    });
    if (phone === openPhone && $('answer-body').value === body) $('answer-body').value = '';
  } catch (error) {
    $('answer-error').textContent = error.message;
    $('answer-error').hidden = false;
  }
}

function showCurl() {
  const body = JSON.stringify({ to: '+13125550142', list_number: '+18005551000', body: 'Hello!' });
  $('curl').textContent = [
    `curl -X POST ${location.origin}/api/v2/send \\`,
    '  -H "X-Api-Key: $TRACKLY_API_KEY" -H "Content-Type: application/json" \\',
    `  -d '${body}'`,
  ].join('\n');
}

function showLegend() {
  const rows = [...RULES, ['Any other', ANY_OTHER]].map(([digits, text]) =>
    element('tr', {}, element('th', { scope: 'row', textContent: digits }), element('td', { textContent: text })),
  );
  $('legend-rows').replaceChildren(...rows);
}

async function openOrTell(phone) {
  try {
    await openHandset(phone);
  } catch (error) {
    $('no-match').textContent = error.message;
    $('no-match').hidden = false;
  }
}

$('handsets').addEventListener('click', (event) => {
  const phone = event.target.closest('button')?.dataset.phone;
  if (phone !== undefined) void openOrTell(phone).then(() => $('conversation').focus());
});
$('search').addEventListener('input', showHandsets);
$('search').addEventListener('keydown', (event) => {
  const wanted = $('search').value.replace(/[^0-9+]/g, '');
  if (event.key === 'Enter' && E164.test(wanted)) void openOrTell(wanted);
});
$('more').addEventListener('click', () => void loadHandsets(nextCursor));
$('back').addEventListener('click', closeHandset);
$('answer').addEventListener('submit', (event) => {
  event.preventDefault();
  void sendAnswer($('answer-body').value);
});
$('answer-body').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('answer').requestSubmit();
});
for (const button of document.querySelectorAll('.quick button'))
  button.addEventListener('click', () => void sendAnswer(button.dataset.text));
$('legend-open').addEventListener('click', () => $('legend').showModal());
$('legend-close').addEventListener('click', () => $('legend').close());
$('copy').addEventListener('click', () => {
  void copyCurl();
});

async function copyCurl() {
  await navigator.clipboard.writeText($('curl').textContent);
  $('copy').textContent = 'Copied';
}

showCurl();
showLegend();
const asked = location.hash.slice(1);
if (E164.test(asked)) openPhone = asked;
connect();
