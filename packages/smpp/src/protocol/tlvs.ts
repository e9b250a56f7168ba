/** How the value of an optional parameter is read. */
type TlvKind = 'int1' | 'int2' | 'int4' | 'text' | 'octets' | 'flag';

/** Optional parameters of SMPP 3.4 §5.3.2: tag and kind. */
export const TLVS = {
  destAddrSubunit: [0x0005, 'int1'],
  destNetworkType: [0x0006, 'int1'],
  destBearerType: [0x0007, 'int1'],
  destTelematicsId: [0x0008, 'int2'],
  sourceAddrSubunit: [0x000d, 'int1'],
  sourceNetworkType: [0x000e, 'int1'],
  sourceBearerType: [0x000f, 'int1'],
  sourceTelematicsId: [0x0010, 'int1'],
  qosTimeToLive: [0x0017, 'int4'],
  payloadType: [0x0019, 'int1'],
  additionalStatusInfoText: [0x001d, 'text'],
  receiptedMessageId: [0x001e, 'text'],
  msMsgWaitFacilities: [0x0030, 'int1'],
  privacyIndicator: [0x0201, 'int1'],
  sourceSubaddress: [0x0202, 'octets'],
  destSubaddress: [0x0203, 'octets'],
  userMessageReference: [0x0204, 'int2'],
  userResponseCode: [0x0205, 'int1'],
  sourcePort: [0x020a, 'int2'],
  destinationPort: [0x020b, 'int2'],
  sarMsgRefNum: [0x020c, 'int2'],
  languageIndicator: [0x020d, 'int1'],
  sarTotalSegments: [0x020e, 'int1'],
  sarSegmentSeqnum: [0x020f, 'int1'],
  scInterfaceVersion: [0x0210, 'int1'],
  callbackNumPresInd: [0x0302, 'int1'],
  callbackNumAtag: [0x0303, 'octets'],
  numberOfMessages: [0x0304, 'int1'],
  callbackNum: [0x0381, 'octets'],
  dpfResult: [0x0420, 'int1'],
  setDpf: [0x0421, 'int1'],
  msAvailabilityStatus: [0x0422, 'int1'],
  networkErrorCode: [0x0423, 'octets'],
  messagePayload: [0x0424, 'octets'],
  deliveryFailureReason: [0x0425, 'int1'],
  moreMessagesToSend: [0x0426, 'int1'],
  messageState: [0x0427, 'int1'],
  ussdServiceOp: [0x0501, 'octets'],
  displayTime: [0x1201, 'int1'],
  smsSignal: [0x1203, 'int2'],
  msValidity: [0x1204, 'int1'],
  alertOnMessageDelivery: [0x130c, 'flag'],
  itsReplyType: [0x1380, 'int1'],
  itsSessionInfo: [0x1383, 'octets'],
} as const satisfies Record<string, readonly [tag: number, kind: TlvKind]>;

export type TlvName = keyof typeof TLVS;

interface TlvValues {
  int1: number;
  int2: number;
  int4: number;
  /** Latin-1, without the ending NUL. */
  text: string;
  octets: Uint8Array;
  /** Present or not. */
  flag: true;
}

/** Optional parameters by name. Of a repeated one the last counts. Values of 1, 2 or 4 octets are numbers, unsigned. */
export type Tlvs = { readonly [Name in TlvName]?: TlvValues[(typeof TLVS)[Name][1]] } & {
  /** Parameters that SMPP 3.4 does not name, by tag (vendors use 0x1400 to 0x3FFF). */
  readonly other?: ReadonlyMap<number, Uint8Array>;
};

export interface TlvForm {
  readonly name: TlvName;
  readonly tag: number;
  readonly kind: TlvKind;
}

const FORMS: readonly TlvForm[] = Object.entries(TLVS).map(([name, [tag, kind]]) => ({
  name: name as TlvName,
  tag,
  kind,
}));

export const TLV_BY_TAG: ReadonlyMap<number, TlvForm> = new Map(FORMS.map((form) => [form.tag, form]));
export const TLV_BY_NAME: ReadonlyMap<string, TlvForm> = new Map(FORMS.map((form) => [form.name, form]));

export const NO_TLVS: Tlvs = Object.freeze({});
