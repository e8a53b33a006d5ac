-- What a call came to when a tool has done its work: the one place that says it.

return {
    book_appointment = "booked",
    reschedule_appointment = "rescheduled",
    cancel_appointment = "cancelled",
    log_lead = "lead",
    take_message = "message_taken",
    transfer_call = "transferred",
}
