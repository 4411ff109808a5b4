/** What every change of a task's status writes and shows. */
export const STATUS_FIELDS = [
  "status",
  "status_reason",
  "status_message",
  "status_changed",
  "last_update",
  "last_change",
  "last_changed_by",
];
