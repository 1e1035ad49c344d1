<?php

// Made by tools/generate from cognate/v1/pipeline_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CreatePipelineRequest;
use Cognate\V1\CreatePipelineResponse;
use Cognate\V1\DeletePipelineRequest;
use Cognate\V1\DeletePipelineResponse;
use Cognate\V1\GetPipelineRequest;
use Cognate\V1\GetPipelineResponse;
use Cognate\V1\ListPipelinesRequest;
use Cognate\V1\ListPipelinesResponse;
use Cognate\V1\UpdatePipelineRequest;
use Cognate\V1\UpdatePipelineResponse;

/**
 * Chains of transforms that syncs name. Errors and retries are as in PlatformRegistryService.
 */
final class PipelineServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Adds a pipeline.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): an id or a step is missing or malformed. What depends on the fields that a step meets is
     *   judged with the syncs that name the pipeline.
     * * `ALREADY_EXISTS` (`PIPELINE_ALREADY_EXISTS`): there is one of that id.
     *
     * @throws CognateException
     */
    public function createPipeline(CreatePipelineRequest $request, ?CallOptions $options = null): CreatePipelineResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PipelineService/CreatePipeline', $request, CreatePipelineResponse::class, $options);
    }

    /**
     * Gets one pipeline.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`PIPELINE_NOT_FOUND`): there is no such pipeline.
     *
     * @throws CognateException
     */
    public function getPipeline(GetPipelineRequest $request, ?CallOptions $options = null): GetPipelineResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PipelineService/GetPipeline', $request, GetPipelineResponse::class, $options);
    }

    /**
     * Lists pipelines by name.
     *
     * @throws CognateException
     */
    public function listPipelines(ListPipelinesRequest $request, ?CallOptions $options = null): ListPipelinesResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.PipelineService/ListPipelines', $request, ListPipelinesResponse::class, $options);
    }

    /**
     * Changes the fields named by `update_mask`: `description`, `transforms`. Records whose outcome changes by it are delivered again, in
     * every sync that names the pipeline.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a step is malformed, or would not fit a sync that names the pipeline; the message says which.
     * * `NOT_FOUND` (`PIPELINE_NOT_FOUND`): there is no such pipeline.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function updatePipeline(UpdatePipelineRequest $request, ?CallOptions $options = null): UpdatePipelineResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PipelineService/UpdatePipeline', $request, UpdatePipelineResponse::class, $options);
    }

    /**
     * Deletes a pipeline that no sync names.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`PIPELINE_NOT_FOUND`): there is no such pipeline.
     * * `FAILED_PRECONDITION` (`PIPELINE_IN_USE`): syncs name it; the message says which.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     *
     * @throws CognateException
     */
    public function deletePipeline(DeletePipelineRequest $request, ?CallOptions $options = null): DeletePipelineResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.PipelineService/DeletePipeline', $request, DeletePipelineResponse::class, $options);
    }
}
