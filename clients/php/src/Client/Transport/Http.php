<?php

declare(strict_types=1);

namespace Cognate\Client\Transport;

use Cognate\Client\Exception\CognateException;

/** Carries one request over HTTP/1.1; what ConnectTransport stands on. */
interface Http
{
    public const MAX_HEADER_BYTES = 1 << 20;

    /**
     * @param string $path such as `/cognate.v1.DeliveryService/Pull`
     * @param array<string, string> $headers
     * @throws CognateException where no answer came
     */
    public function post(string $path, array $headers, string $body, float $timeout, string $requestId): HttpAnswer;

    /**
     * The same by another verb: HEAD, GET, PATCH and so on.
     *
     * @param array<string, string> $headers
     * @throws CognateException where no answer came
     */
    public function request(string $verb, string $path, array $headers, ?string $body, float $timeout, string $requestId): HttpAnswer;

    /**
     * Yields an answer's body piece by piece, with empty pieces while nothing comes, so that the caller can look at the time. Leaving the
     * loop ends the connection. An answer other than 200 is returned as a whole.
     *
     * @param array<string, string> $headers
     * @param string|null $body null: GET
     * @return \Generator<int, string, mixed, HttpAnswer|null>
     * @throws CognateException
     */
    public function open(string $path, array $headers, ?string $body, ?float $timeout, string $requestId): \Generator;

    /** For people: `ext-curl` or `PHP streams`. */
    public function name(): string;
}
