//! The kinds of task.

use baton_proto::c1::connectorapi::baton::v1::task::TaskType;

/// What a kind of task means for cancelling it and for its failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It reads for long, and keeps what it has read.
    Sync,
    /// It changes something: it must not be cut off lightly.
    Change,
    /// It can be done again at any time.
    Question,
}

/// A kind of task: its name in the proto, and its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
}

impl Kind {
    /// The kind of a task; `None` stands for a kind that this version does not know.
    pub(crate) fn of(task: Option<&TaskType>) -> Self {
        use Class::{Change, Question, Sync};
        let (name, class) = match task {
            None => ("unknown", Question),
            Some(task) => match task {
                TaskType::None(_) => ("none", Question),
                TaskType::Hello(_) => ("hello", Question),
                TaskType::SyncFull(_) => ("sync_full", Sync),
                TaskType::Grant(_) => ("grant", Change),
                TaskType::Revoke(_) => ("revoke", Change),
                TaskType::CreateAccount(_) => ("create_account", Change),
                TaskType::CreateResource(_) => ("create_resource", Change),
                TaskType::DeleteResource(_) => ("delete_resource", Change),
                TaskType::RotateCredentials(_) => ("rotate_credentials", Change),
                TaskType::EventFeed(_) => ("event_feed", Question),
                TaskType::CreateTicketTask(_) => ("create_ticket_task", Question),
                TaskType::ListTicketSchemas(_) => ("list_ticket_schemas", Question),
                TaskType::GetTicket(_) => ("get_ticket", Question),
                TaskType::BulkCreateTickets(_) => ("bulk_create_tickets", Question),
                TaskType::BulkGetTickets(_) => ("bulk_get_tickets", Question),
                TaskType::ActionListSchemas(_) => ("action_list_schemas", Question),
                TaskType::ActionGetSchema(_) => ("action_get_schema", Question),
                TaskType::ActionInvoke(_) => ("action_invoke", Change),
                TaskType::ActionStatus(_) => ("action_status", Question),
                TaskType::CreateSyncDiff(_) => ("create_sync_diff", Question),
                TaskType::CompactSyncs(_) => ("compact_syncs", Question),
                TaskType::ListEventFeeds(_) => ("list_event_feeds", Question),
                TaskType::ListEvents(_) => ("list_events", Question),
                TaskType::IssueCredential(_) => ("issue_credential", Change),
            },
        };
        Self { name, class }
    }
}
