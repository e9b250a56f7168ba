export {
  ANSWER_WITHIN_MS,
  AnswerBook,
  type AnswerKind,
  ANSWERS_WINDOW_MS,
  answerText,
  type CarrierAnswers,
  CONFIRM_WITHIN_MS,
  isOurs,
} from './auto-answers.ts';
export { listReplies, replyPageSchema, replyQueryFields } from './list-replies.ts';
