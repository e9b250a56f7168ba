import { openTwinSubject } from '../../../test/helpers/carrier-subject.ts';
import { describeCarrierContract } from '../contract-suite.ts';
import { createTelnyxCarrier } from './telnyx-carrier.ts';
import { createTelnyxTwin } from './twin.ts';

describeCarrierContract('Telnyx', () => openTwinSubject(createTelnyxCarrier, createTelnyxTwin));
