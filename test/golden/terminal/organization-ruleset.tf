# The rules by which GitHub prevents changes without Countersign's check.
resource "github_organization_ruleset" "countersign" {
  name        = "countersign"
  target      = "branch"
  enforcement = "active"

  # No bypass_actors: nobody may bypass the rules. In an emergency an owner grants it, which is recorded.

  conditions {
    ref_name {
      include = ["~DEFAULT_BRANCH"]
      exclude = []
    }
    repository_name {
      include = ["~ALL"]
      exclude = []
    }
  }

  rules {
    deletion         = true
    non_fast_forward = true

    pull_request {
      # The check counts approvals by commit and contributor; a number here would also count contributors' own.
      required_approving_review_count = 0
      # The check ends an approval when the content changes; this would also end it at a rebase without changes.
      dismiss_stale_reviews_on_push = false
      # The check requires another person's approval of each commit, which covers the last push.
      require_last_push_approval = false
      # GitHub counts an owner's approval of their own commits; name the approvers in the policy instead.
      require_code_owner_review = false
      # It does not concern approvals; turn it on if you like.
      required_review_thread_resolution = false
    }

    required_status_checks {
      # The check compares the merged content with the reviewed content; updating first adds pushes and no proof.
      strict_required_status_checks_policy = false
      # The first push of a branch has no check yet; the App assesses a new production branch when it is created.
      do_not_enforce_on_create = true

      # Pinned to the App: without integration_id anyone with write permission can post a check of this name.
      required_check {
        context        = "countersign"
        integration_id = 4711
      }
    }
  }
}
