terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}

resource "google_project_service" "iam" {
  project            = "my-project"
  service            = "iam.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "cloudresourcemanager" {
  project            = "my-project"
  service            = "cloudresourcemanager.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "iamcredentials" {
  project            = "my-project"
  service            = "iamcredentials.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "sts" {
  project            = "my-project"
  service            = "sts.googleapis.com"
  disable_on_destroy = false
}

resource "google_iam_workload_identity_pool" "pool" {
  project                   = "my-project"
  workload_identity_pool_id = "aws-pool"
  display_name              = "AWS"
  depends_on                = [google_project_service.iam]
}

resource "google_iam_workload_identity_pool_provider" "provider" {
  project                            = "my-project"
  workload_identity_pool_id          = "aws-pool"
  workload_identity_pool_provider_id = "aws-provider"
  attribute_condition                = "assertion.arn.startsWith('arn:aws:sts::111122223333:assumed-role/')"
  aws {
    account_id = "111122223333"
  }
  depends_on = [google_iam_workload_identity_pool.pool]
}

resource "google_service_account" "account" {
  project    = "my-project"
  account_id = "account"
  depends_on = [google_project_service.iam]
}

resource "google_service_account_iam_member" "role_0" {
  service_account_id = "projects/my-project/serviceAccounts/account@my-project.iam.gserviceaccount.com"
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/arn:aws:sts::111122223333:assumed-role/reader"
  depends_on         = [google_iam_workload_identity_pool.pool, google_service_account.account]
}
