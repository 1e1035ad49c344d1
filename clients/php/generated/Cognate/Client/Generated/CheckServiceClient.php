<?php

// Made by tools/generate from cognate/v1/check_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CheckPlatformRequest;
use Cognate\V1\CheckPlatformResponse;

/**
 * Says what keeps a platform from taking part. Part of the registry.
 */
final class CheckServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Tries every step to a platform in order, and says of the first that fails what to do. Writes nothing there; takes at most 30 s.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): `name` is not of the form `platforms/{id}`.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function checkPlatform(CheckPlatformRequest $request, ?CallOptions $options = null): CheckPlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.CheckService/CheckPlatform', $request, CheckPlatformResponse::class, $options);
    }
}
