import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const SEARCH_ATTRIBUTES = {
  status: defineSearchAttributeKey('RerailStatus', SearchAttributeType.KEYWORD),
  target: defineSearchAttributeKey('RerailTarget', SearchAttributeType.KEYWORD),
  category: defineSearchAttributeKey('RerailCategory', SearchAttributeType.KEYWORD),
  failureType: defineSearchAttributeKey('RerailFailureType', SearchAttributeType.KEYWORD),
  playbook: defineSearchAttributeKey('RerailPlaybook', SearchAttributeType.KEYWORD),
  severity: defineSearchAttributeKey('RerailSeverity', SearchAttributeType.KEYWORD),
  subject: defineSearchAttributeKey('RerailSubject', SearchAttributeType.KEYWORD),
  waitingFor: defineSearchAttributeKey('RerailWaitingFor', SearchAttributeType.KEYWORD),
  waitingSince: defineSearchAttributeKey('RerailWaitingSince', SearchAttributeType.DATETIME),
};
