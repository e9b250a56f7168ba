import { openTwinSubject } from '../../../test/helpers/carrier-subject.ts';
import { describeCarrierContract } from '../contract-suite.ts';
import { createInfobipCarrier } from './infobip-carrier.ts';
import { createInfobipTwin } from './twin.ts';

describeCarrierContract('Infobip', () => openTwinSubject(createInfobipCarrier, createInfobipTwin));
