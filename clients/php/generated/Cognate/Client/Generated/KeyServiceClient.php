<?php

// Made by tools/generate from cognate/v1/key_service.proto: change that instead.

declare(strict_types=1);

namespace Cognate\Client\Generated;

use Cognate\Client\CallOptions;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Transport;
use Cognate\V1\CancelKeyRotationRequest;
use Cognate\V1\CancelKeyRotationResponse;
use Cognate\V1\ConfirmKeyRotationRequest;
use Cognate\V1\ConfirmKeyRotationResponse;
use Cognate\V1\CreateEnrolmentTokenRequest;
use Cognate\V1\CreateEnrolmentTokenResponse;
use Cognate\V1\CreateKeyRequest;
use Cognate\V1\CreateKeyResponse;
use Cognate\V1\EnrolPlatformRequest;
use Cognate\V1\EnrolPlatformResponse;
use Cognate\V1\FinishKeyRotationRequest;
use Cognate\V1\FinishKeyRotationResponse;
use Cognate\V1\GetKeyRequest;
use Cognate\V1\GetKeyResponse;
use Cognate\V1\ListKeysRequest;
use Cognate\V1\ListKeysResponse;
use Cognate\V1\ResealSecretsRequest;
use Cognate\V1\ResealSecretsResponse;
use Cognate\V1\RevokeKeyRequest;
use Cognate\V1\RevokeKeyResponse;
use Cognate\V1\StartKeyRotationRequest;
use Cognate\V1\StartKeyRotationResponse;
use Cognate\V1\UpdateKeyRequest;
use Cognate\V1\UpdateKeyResponse;
use Cognate\V1\VerifyKeyRequest;
use Cognate\V1\VerifyKeyResponse;
use Cognate\V1\WhoAmIRequest;
use Cognate\V1\WhoAmIResponse;

/**
 * Who may call. Platforms enrol themselves with a one-time token; all other keys are made by an operator. Part of the registry.
 *
 * A key's secret stands in the answer that makes it and nowhere else: who loses it makes another.
 */
final class KeyServiceClient
{
    public function __construct(private readonly Transport $transport)
    {
    }

    /**
     * Makes a one-time token with which a platform gets its key.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a lifetime, address or rate out of bounds.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     *
     * @throws CognateException
     */
    public function createEnrolmentToken(CreateEnrolmentTokenRequest $request, ?CallOptions $options = null): CreateEnrolmentTokenResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/CreateEnrolmentToken', $request, CreateEnrolmentTokenResponse::class, $options);
    }

    /**
     * Exchanges a token for the platform's key. Needs no key: the token is the proof. Not safe to retry: a token is good for one call; when
     * its answer is lost, revoke the key that it made and make another token.
     *
     * Errors:
     *
     * * `UNAUTHENTICATED` (`TOKEN_INVALID`): unknown, used or too old; which of them is not told.
     * * `RESOURCE_EXHAUSTED` (`RATE_LIMITED`): too many attempts from there; retry after `RetryInfo`.
     * * `FAILED_PRECONDITION` (`TOO_MANY_KEYS`): the platform has two live keys; revoke one. The token stays good.
     *
     * @throws CognateException
     */
    public function enrolPlatform(EnrolPlatformRequest $request, ?CallOptions $options = null): EnrolPlatformResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/EnrolPlatform', $request, EnrolPlatformResponse::class, $options);
    }

    /**
     * Makes a key.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): the role is missing or ROLE_SERVICE, or something is malformed.
     * * `NOT_FOUND` (`PLATFORM_NOT_FOUND`): there is no such platform.
     * * `FAILED_PRECONDITION` (`TOO_MANY_KEYS`): the platform has two live keys; revoke one.
     * * `PERMISSION_DENIED` (`SCOPE_MISSING`): the caller would give more than it has.
     *
     * @throws CognateException
     */
    public function createKey(CreateKeyRequest $request, ?CallOptions $options = null): CreateKeyResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/CreateKey', $request, CreateKeyResponse::class, $options);
    }

    /**
     * Gets one key, without its secret.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     *
     * @throws CognateException
     */
    public function getKey(GetKeyRequest $request, ?CallOptions $options = null): GetKeyResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/GetKey', $request, GetKeyResponse::class, $options);
    }

    /**
     * Lists keys, newest first.
     *
     * @throws CognateException
     */
    public function listKeys(ListKeysRequest $request, ?CallOptions $options = null): ListKeysResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/ListKeys', $request, ListKeysResponse::class, $options);
    }

    /**
     * Changes the fields named by `update_mask`: `display_name`, `allowed_addresses`, `max_rate`, `expire_time`. Counts everywhere within a
     * second.
     *
     * Errors:
     *
     * * `INVALID_ARGUMENT` (`INVALID_FIELD`): a value is malformed, or the mask names a field that cannot be changed.
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     * * `ABORTED` (`ETAG_MISMATCH`): somebody else changed it; read it again.
     * * `FAILED_PRECONDITION` (`KEY_REVOKED`): it was revoked or has expired, and is good for nothing any more.
     * * `PERMISSION_DENIED` (`SCOPE_MISSING`): the key may more than the caller.
     *
     * @throws CognateException
     */
    public function updateKey(UpdateKeyRequest $request, ?CallOptions $options = null): UpdateKeyResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/UpdateKey', $request, UpdateKeyResponse::class, $options);
    }

    /**
     * Ends a key for good: within a second no service takes it, and streams that it opened end. Idempotent.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     *
     * @throws CognateException
     */
    public function revokeKey(RevokeKeyRequest $request, ?CallOptions $options = null): RevokeKeyResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/RevokeKey', $request, RevokeKeyResponse::class, $options);
    }

    /**
     * Rotation, first step: makes a second key that may do the same, until the same time. Both are good until the rotation is finished or
     * cancelled.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     * * `FAILED_PRECONDITION` (`KEY_REVOKED`): it is good for nothing any more.
     * * `FAILED_PRECONDITION` (`ROTATION_STARTED`): it is being rotated already.
     * * `FAILED_PRECONDITION` (`TOO_MANY_KEYS`): the platform has two live keys; revoke one.
     * * `PERMISSION_DENIED` (`SCOPE_MISSING`): the key may more than the caller.
     *
     * @throws CognateException
     */
    public function startKeyRotation(StartKeyRotationRequest $request, ?CallOptions $options = null): StartKeyRotationResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/StartKeyRotation', $request, StartKeyRotationResponse::class, $options);
    }

    /**
     * Rotation, second step, called with the new key by whoever uses it: proves that it has arrived. Idempotent.
     *
     * Errors:
     *
     * * `FAILED_PRECONDITION` (`NO_ROTATION`): the caller's key is not the new one of a rotation.
     *
     * @throws CognateException
     */
    public function confirmKeyRotation(ConfirmKeyRotationRequest $request, ?CallOptions $options = null): ConfirmKeyRotationResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/ConfirmKeyRotation', $request, ConfirmKeyRotationResponse::class, $options);
    }

    /**
     * Rotation, third step: revokes the old key.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     * * `FAILED_PRECONDITION` (`NO_ROTATION`): it is not being rotated.
     * * `FAILED_PRECONDITION` (`ROTATION_NOT_CONFIRMED`): nobody has confirmed the new key; `force` finishes all the same.
     *
     * @throws CognateException
     */
    public function finishKeyRotation(FinishKeyRotationRequest $request, ?CallOptions $options = null): FinishKeyRotationResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/FinishKeyRotation', $request, FinishKeyRotationResponse::class, $options);
    }

    /**
     * Rotation, given up: revokes the new key.
     *
     * Errors:
     *
     * * `NOT_FOUND` (`KEY_NOT_FOUND`): there is no such key.
     * * `FAILED_PRECONDITION` (`NO_ROTATION`): it is not being rotated.
     *
     * @throws CognateException
     */
    public function cancelKeyRotation(CancelKeyRotationRequest $request, ?CallOptions $options = null): CancelKeyRotationResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(false);
        return $this->transport->unary('/cognate.v1.KeyService/CancelKeyRotation', $request, CancelKeyRotationResponse::class, $options);
    }

    /**
     * Says who the caller is and what it may do. For everybody who has a key.
     *
     * @throws CognateException
     */
    public function whoAmI(WhoAmIRequest $request, ?CallOptions $options = null): WhoAmIResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/WhoAmI', $request, WhoAmIResponse::class, $options);
    }

    /**
     * Says whose a secret is. For the services, which keep the answer for half a second.
     *
     * Errors:
     *
     * * `UNAUTHENTICATED` (`KEY_INVALID`): unknown, revoked or expired.
     *
     * @throws CognateException
     */
    public function verifyKey(VerifyKeyRequest $request, ?CallOptions $options = null): VerifyKeyResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/VerifyKey', $request, VerifyKeyResponse::class, $options);
    }

    /**
     * Seals all stored secrets again under the first of the sealing keys, so that the others can be taken away. Safe to call again.
     *
     * Errors:
     *
     * * `FAILED_PRECONDITION` (`SEALING_KEY_MISSING`): there is no sealing key, or a secret was sealed under one that is not there.
     *
     * @throws CognateException
     */
    public function resealSecrets(ResealSecretsRequest $request, ?CallOptions $options = null): ResealSecretsResponse
    {
        $options = ($options ?? new CallOptions())->orIdempotent(true);
        return $this->transport->unary('/cognate.v1.KeyService/ResealSecrets', $request, ResealSecretsResponse::class, $options);
    }
}
