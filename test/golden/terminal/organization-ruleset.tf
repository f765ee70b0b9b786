# What GitHub must enforce so that nothing reaches production past Countersign's check.
resource "github_organization_ruleset" "countersign" {
  name        = "countersign"
  target      = "branch"
  enforcement = "active"

  # No bypass_actors: nobody may go past. Who must, in an emergency, is given the right then, and that is seen.

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
      # The check counts approvals, by who made which commit; a number here would also count contributors, and refuse changes that need nobody's approval.
      required_approving_review_count = 0
      # The check ends an approval when the content changes; dismissing on every push would also end those that a rebase leaves as they were.
      dismiss_stale_reviews_on_push = false
      # The check asks that each commit was seen by somebody who did not make it alone, which covers the last push.
      require_last_push_approval = false
      # GitHub lets an owner's approval count for their own commits; say in the policy who must approve.
      require_code_owner_review = false
      # Not a matter of who approved; turn it on if you like.
      required_review_thread_resolution = false
    }

    required_status_checks {
      # What lands is compared with what was reviewed; making every pull request up to date first adds pushes and no proof.
      strict_required_status_checks_policy = false
      # The first push of a branch has no check yet; a new production branch is judged when it is made.
      do_not_enforce_on_create = true

      # Pinned to the App: without integration_id anyone who may write can post a check of this name.
      required_check {
        context        = "countersign"
        integration_id = 4711
      }
    }
  }
}
