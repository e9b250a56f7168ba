import { openTwinSubject } from '../../../test/helpers/carrier-subject.ts';
import { describeCarrierContract } from '../contract-suite.ts';
import { createTwilioCarrier } from './twilio-carrier.ts';
import { createTwilioTwin } from './twin.ts';

describeCarrierContract('Twilio', () => openTwinSubject(createTwilioCarrier, createTwilioTwin));
