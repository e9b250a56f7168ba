import { openTwinSubject } from '../../../test/helpers/carrier-subject.ts';
import { describeCarrierContract } from '../contract-suite.ts';
import { createCmCarrier } from './cm-carrier.ts';
import { createCmTwin } from './twin.ts';

describeCarrierContract('CM.com', () => openTwinSubject(createCmCarrier, createCmTwin));
