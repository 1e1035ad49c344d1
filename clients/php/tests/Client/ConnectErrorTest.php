<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Exception\NotFound;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\Transport\ConnectError;
use Cognate\Rpc\ErrorInfo;
use Cognate\Tests\Client\Support\Seed;
use PHPUnit\Framework\TestCase;

final class ConnectErrorTest extends TestCase
{
    private static function body(): string
    {
        $info = new ErrorInfo(['reason' => 'PLATFORM_NOT_FOUND', 'domain' => 'cognate', 'metadata' => ['platform' => 'nope']]);
        return json_encode(['code' => 'not_found', 'message' => 'there is no platform "nöpe"', 'details' => [
            ['type' => 'google.rpc.ErrorInfo', 'value' => rtrim(base64_encode(@$info->serializeToString()), '='), 'debug' => ['x' => 1]],
            ['type' => 'google.rpc.Unheard', 'value' => 'AA'],
        ]], JSON_THROW_ON_ERROR);
    }

    public function testAnErrorOfTheProtocolIsTheSameExceptionAsThatOfGrpc(): void
    {
        $error = ConnectError::ofBody(404, self::body(), 'id', null);
        self::assertInstanceOf(NotFound::class, $error);
        self::assertSame(['PLATFORM_NOT_FOUND', ['platform' => 'nope'], 'there is no platform "nöpe"', 'id'], [
            $error->reason, $error->metadata, $error->getMessage(), $error->requestId,
        ]);
    }

    public function testAPageOfSomethingInBetweenIsToldByItsStatus(): void
    {
        $error = ConnectError::ofBody(503, "<html><h1>Down</h1>\xff</html>", 'id', 7.0);
        self::assertInstanceOf(Unavailable::class, $error);
        self::assertSame(7.0, $error->retryDelay);
        self::assertStringContainsString('Down', $error->getMessage());
        foreach (['', '{}', '[]', 'null', '{"code":7}', '{"code":"ok"}', '{"code":"nothing_known"}', str_repeat('[', 100)] as $body) {
            self::assertSame('NOT_CONNECT', ConnectError::ofBody(500, $body, 'id')->reason);
        }
    }

    public function testWhateverComesIsAnException(): void
    {
        Seed::start('ConnectError');
        for ($i = 0; $i < 5000; ++$i) {
            $error = ConnectError::ofBody(mt_rand(0, 999), Seed::mutated(self::body()), 'id');
            self::assertSame(1, preg_match('//u', $error->getMessage()));
            self::assertNotSame(0, $error->statusCode);
        }
    }
}
