import * as accounts from '../accounts/index.ts';
import { readCredentialFields } from '../carriers/index.ts';
import * as compliance from '../compliance/index.ts';
import type { Config } from '../config/config.ts';
import * as contacts from '../contacts/index.ts';
import type { HttpVerbs } from '../http/http-deps.ts';
import * as inbound from '../inbound/index.ts';
import type { IdCodec } from '../lib/public-id.ts';
import * as lists from '../lists/index.ts';
import * as messages from '../messages/index.ts';
import * as optIns from '../opt-ins/index.ts';
import * as otp from '../otp/index.ts';
import * as phone from '../phone/index.ts';
import * as pipeline from '../pipeline/index.ts';
import type { Accept, Connections } from '../pipeline/index.ts';
import type * as secrets from '../secrets/index.ts';
import type { NumberBlocks } from '../store/number-blocks.ts';
import * as webhooks from '../webhooks/index.ts';
import type { Foundation } from './foundation.ts';

interface VerbDeps extends Foundation {
  readonly ids: IdCodec;
  readonly linkIds: IdCodec;
  readonly messageEvents: messages.MessageEvents;
  readonly landed: () => Promise<void>;
  readonly vault: secrets.Vault;
  readonly sender: webhooks.WebhookSender;
  readonly gate: Parameters<typeof pipeline.preflight>[0]['gate'];
  readonly outbox: webhooks.Outbox;
  readonly withdraw: contacts.Withdraw;
  readonly connections: Connections;
  readonly numbers: NumberBlocks;
  readonly accept: Accept;
}

export function bindVerbs(deps: VerbDeps): HttpVerbs {
  const { pool, directory, clock, config } = deps;
  const reading = { ...deps, messageIds: deps.ids };
  const looking = { ...deps, lookup: phone.simulatedLookup };
  const coding = { ...deps, idCodec: deps.ids };
  const managing = { ...deps, listTypes: readCredentialFields(), secretKey: async () => deps.secretKey };
  const verifying: lists.VerifyListDeps = {
    ...deps,
    check: (list) => pipeline.probeCredentials(deps, list),
    sendTest: (list, to) => pipeline.probeSend(deps, list, to),
  };
  return {
    getMessage: (caller, input) => messages.getMessage(reading, caller, input),
    listMessages: (caller, input) => messages.listMessages(reading, caller, input),
    cancelMessage: (caller, input) => messages.cancelMessage(reading, caller, input),
    preflight: (caller, item) => pipeline.preflight(deps, caller, item),
    contacts: contacts.bindContactVerbs(looking),
    validatePhone: (caller, input) => phone.validatePhone(looking, caller, input),
    validatePhoneBatch: (caller, input) => phone.validatePhoneBatch(looking, caller, input),
    sendOtp: (caller, input) => otp.sendOtp(coding, caller, input),
    verifyOtp: (caller, input) => otp.verifyOtp(coding, caller, input),
    listReplies: (caller, query) => inbound.listReplies(reading, caller, query),
    takeOptIn: (caller, input) => optIns.takeOptIn(deps, caller, input),
    listConsents: (caller, input) => compliance.listConsents({ pool }, caller, input),
    listLists: (caller, query) => lists.listLists(deps, caller, query),
    getList: (caller, input) => lists.getList(deps, caller, input),
    addList: (caller, input) => lists.addList(managing, caller, input),
    changeList: (caller, input) => lists.changeList(managing, caller, input),
    deleteList: (caller, input) => lists.deleteList(managing, caller, input),
    verifyList: (caller, input) => lists.verifyList(verifying, caller, input),
    whoAmI: async (caller) => accounts.whoAmI(caller),
    setupStatus: async (caller) => accounts.getSetupStatus(deps, caller),
    getSettings: (caller) => accounts.getSettings({ pool }, caller),
    updateSettings: (caller, patch) => accounts.updateSettings({ pool, directory, clock }, caller, patch),
    webhooks: webhooks.createWebhookVerbs({ ...reading, fields: endpointFieldsOf(config) }),
    pauseKey: (caller) => accounts.pauseCallingKey({ pool, directory }, caller),
  };
}

function endpointFieldsOf(config: Config): ReturnType<typeof webhooks.createEndpointFields> {
  const addresses = webhooks.createAddressRules(config.webhookAllowedCidrs);
  return webhooks.createEndpointFields({ allowHttp: config.webhookAllowHttp, addresses });
}
