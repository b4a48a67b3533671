/** What the driver's library calls its things by: addresses. Nothing but that library looks inside. */
export type Handle = bigint;
