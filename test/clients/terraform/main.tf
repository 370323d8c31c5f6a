# Applied by TestTerraform, which names the server in AWS_ENDPOINT_URL.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

# Elsewhere one would write endpoints { cognitoidp = "https://id.example.com" }.
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
  max_retries                 = 1
}

variable "changed" {
  description = "The second form of what can be changed in place"
  type        = bool
  default     = false
}
