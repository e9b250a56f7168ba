import { openTwinSubject } from '../../../test/helpers/carrier-subject.ts';
import { describeCarrierContract } from '../contract-suite.ts';
import { createGenericHttpCarrier } from './generic-http-carrier.ts';
import { createHttpTwin } from './twin.ts';

describeCarrierContract('The generic HTTP carrier', () => openTwinSubject(createGenericHttpCarrier, createHttpTwin));
