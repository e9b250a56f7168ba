import { describeCarrierContract } from '../contract-suite.ts';
import { openSmppSubject } from '../../../test/helpers/smpp-subject.ts';

describeCarrierContract('smpp', () => openSmppSubject());
