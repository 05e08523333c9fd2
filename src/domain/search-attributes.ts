/** Custom search attributes by name and Temporal type; the embedded server and `doctor` register them. */
export const SEARCH_ATTRIBUTE_TYPES = {
  RerailStatus: 'Keyword',
  RerailTarget: 'Keyword',
  RerailCategory: 'Keyword',
  RerailFailureType: 'Keyword',
  RerailPlaybook: 'Keyword',
  RerailSeverity: 'Keyword',
  RerailSubject: 'Keyword',
  RerailWaitingFor: 'Keyword',
  RerailWaitingSince: 'Datetime',
} as const;
