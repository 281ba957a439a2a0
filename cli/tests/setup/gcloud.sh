gcloud services enable iam.googleapis.com cloudresourcemanager.googleapis.com iamcredentials.googleapis.com sts.googleapis.com --project=my-project
gcloud iam workload-identity-pools create aws-pool --project=my-project --location=global --display-name=AWS
gcloud iam workload-identity-pools providers create-aws aws-provider --project=my-project --location=global --workload-identity-pool=aws-pool --account-id=111122223333 --attribute-condition='assertion.arn.startsWith('\''arn:aws:sts::111122223333:assumed-role/'\'')'
gcloud iam service-accounts create account --project=my-project
gcloud iam service-accounts add-iam-policy-binding account@my-project.iam.gserviceaccount.com --project=my-project --role=roles/iam.workloadIdentityUser --member='principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/arn:aws:sts::111122223333:assumed-role/reader' --condition=None
