package idp

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userimport"
)

// GetCSVHeader lists the columns of a file of users.
func (s *Service) GetCSVHeader(ctx context.Context, in *idpapi.GetCSVHeaderInput) (*idpapi.GetCSVHeaderOutput, error) {
	pool, err := s.pools.Pool(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetCSVHeaderOutput{UserPoolId: pool.ID, CSVHeader: pool.ImportHeader()}, nil
}

// CreateUserImportJob makes a job and tells where its file goes.
func (s *Service) CreateUserImportJob(ctx context.Context, in *idpapi.CreateUserImportJobInput) (*idpapi.CreateUserImportJobOutput, error) {
	job, err := s.imports.Create(ctx, userimport.NewJob{PoolID: in.UserPoolId, Name: in.JobName,
		RoleARN: in.CloudWatchLogsRoleArn, HashAlgorithm: string(in.PasswordHashingAlgorithm)})
	if err != nil {
		return nil, err
	}
	return &idpapi.CreateUserImportJobOutput{UserImportJob: s.describeImportJob(job)}, nil
}

// DescribeUserImportJob shows how far a job is.
func (s *Service) DescribeUserImportJob(ctx context.Context, in *idpapi.DescribeUserImportJobInput) (*idpapi.DescribeUserImportJobOutput, error) {
	job, err := s.imports.Describe(ctx, in.UserPoolId, in.JobId)
	if err != nil {
		return nil, err
	}
	return &idpapi.DescribeUserImportJobOutput{UserImportJob: s.describeImportJob(job)}, nil
}

// ListUserImportJobs lists the jobs of a pool, the newest first, page by page.
func (s *Service) ListUserImportJobs(ctx context.Context, in *idpapi.ListUserImportJobsInput) (*idpapi.ListUserImportJobsOutput, error) {
	jobs, next, err := s.imports.List(ctx, in.UserPoolId, in.PaginationToken, pageSize(in.MaxResults, userimport.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &idpapi.ListUserImportJobsOutput{UserImportJobs: []idpapi.UserImportJobType{}, PaginationToken: next}
	for _, job := range jobs {
		out.UserImportJobs = append(out.UserImportJobs, *s.describeImportJob(job))
	}
	return out, nil
}

// StartUserImportJob lets a job begin, in the background.
func (s *Service) StartUserImportJob(ctx context.Context, in *idpapi.StartUserImportJobInput) (*idpapi.StartUserImportJobOutput, error) {
	job, err := s.imports.Start(ctx, in.UserPoolId, in.JobId)
	if err != nil {
		return nil, err
	}
	return &idpapi.StartUserImportJobOutput{UserImportJob: s.describeImportJob(job)}, nil
}

// StopUserImportJob ends a job that runs.
func (s *Service) StopUserImportJob(ctx context.Context, in *idpapi.StopUserImportJobInput) (*idpapi.StopUserImportJobOutput, error) {
	job, err := s.imports.Stop(ctx, in.UserPoolId, in.JobId)
	if err != nil {
		return nil, err
	}
	return &idpapi.StopUserImportJobOutput{UserImportJob: s.describeImportJob(job)}, nil
}

// describeImportJob is the API's form of a job.
func (s *Service) describeImportJob(job *store.UserImportJob) *idpapi.UserImportJobType {
	return &idpapi.UserImportJobType{
		JobName: job.Name, JobId: job.ID, UserPoolId: job.PoolID, PreSignedUrl: s.imports.UploadURL(job),
		CreationDate: apimodel.Time{Time: job.CreatedAt}, StartDate: apimodel.Time{Time: job.StartedAt}, CompletionDate: apimodel.Time{Time: job.CompletedAt},
		Status: idpapi.UserImportJobStatusType(job.Status), CloudWatchLogsRoleArn: job.RoleARN,
		ImportedUsers: &job.Imported, SkippedUsers: &job.Skipped, FailedUsers: &job.Failed,
		CompletionMessage: job.Message, PasswordHashingAlgorithm: idpapi.PasswordHashingAlgorithmType(job.HashAlgorithm),
	}
}
