<?php

// Made by tools/generate from cognate/v1/due_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\ListDuePlatformsRequest;
use Cognate\V1\ListDuePlatformsResponse;

/**
 * What is due where, for many platforms at once. For the services.
 */
final class DueServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Of these platforms, those to which something is due by an active sync, is not parked, and was planned before the given time:
     * what LedgerService.ListPending would list of each. Platforms that there are not have nothing due.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): more than 20,000 platforms, or no time.
     *
     * @throws CognateException
     */
    public function listDuePlatforms(ListDuePlatformsRequest $request, ?CallOptions $options = null): ListDuePlatformsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.DueService/ListDuePlatforms', $request, ListDuePlatformsResponse::class, $options);
    }
}
