<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ChangeBatch;
use Cognate\Client\Cognate;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InternalError;
use Cognate\Client\Exception\StatusCode;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\RetryPolicy;
use Cognate\Client\Transport\RetryingTransport;
use Cognate\Tests\Client\Support\FakeClock;
use Cognate\Tests\Client\Support\FakeTransport;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\CaptureResult;
use Cognate\V1\CreateKeyRequest;
use Cognate\V1\CreateKeyResponse;
use Cognate\V1\WhoAmIRequest;
use Cognate\V1\WhoAmIResponse;
use PHPUnit\Framework\TestCase;

final class RetryTest extends TestCase
{
    private FakeClock $clock;
    private FakeTransport $fake;

    /** @param list<mixed> $answers */
    private function cognate(array $answers, float $timeout = 30.0, int $attempts = 4, float $takes = 0.0): Cognate
    {
        $this->clock = new FakeClock();
        $this->fake = new FakeTransport($answers, $this->clock, $takes);
        $transport = new RetryingTransport($this->fake, $timeout, new RetryPolicy($attempts), $this->clock, static fn (): float => 1.0);
        return Cognate::over($transport, $this->clock);
    }

    private static function unavailable(?float $retryDelay = null, int $code = StatusCode::UNAVAILABLE): CognateException
    {
        return CognateException::of($code, 'not now', 'SERVICE_UNAVAILABLE', retryDelay: $retryDelay);
    }

    public function testAnIdempotentCallIsTriedAgainFurtherAndFurtherApart(): void
    {
        $cognate = $this->cognate([self::unavailable(), self::unavailable(), self::unavailable(), new WhoAmIResponse()]);
        $cognate->key()->whoAmI(new WhoAmIRequest());
        self::assertEqualsWithDelta([0.1, 0.3, 0.9], $this->clock->slept, 1e-6);
        $ids = array_unique(array_map(static fn (array $call): string => $call[2]->requestId, $this->fake->calls));
        self::assertCount(1, $ids, 'one request id for all attempts');
    }

    public function testTheAttemptsAreCounted(): void
    {
        $cognate = $this->cognate([self::unavailable(), self::unavailable(), self::unavailable()], attempts: 2);
        try {
            $cognate->key()->whoAmI(new WhoAmIRequest());
            self::fail('answered');
        } catch (Unavailable) {
            self::assertCount(2, $this->fake->calls);
        }
    }

    public function testWhatIsNotIdempotentIsNotSentTwiceUnlessTheHubSaysThatItMayBe(): void
    {
        $cognate = $this->cognate([self::unavailable(), new CreateKeyResponse()]);
        try {
            $cognate->key()->createKey(new CreateKeyRequest());
            self::fail('answered');
        } catch (Unavailable) {
            self::assertCount(1, $this->fake->calls);
        }
        $cognate->key()->createKey(new CreateKeyRequest());

        $cognate = $this->cognate([self::unavailable(2.0), self::unavailable(1.0, StatusCode::RESOURCE_EXHAUSTED), new CreateKeyResponse()]);
        $cognate->key()->createKey(new CreateKeyRequest());
        self::assertEqualsWithDelta([2.1, 1.3], $this->clock->slept, 1e-6);

        $cognate = $this->cognate([self::unavailable(), new CreateKeyResponse()]);
        $cognate->key()->createKey(new CreateKeyRequest(), new CallOptions(idempotent: true));
        self::assertCount(2, $this->fake->calls);
    }

    public function testNoAttemptIsMadeBeyondTheTimeOfTheCall(): void
    {
        $cognate = $this->cognate([self::unavailable(60.0)], timeout: 30.0);
        try {
            $cognate->key()->whoAmI(new WhoAmIRequest());
            self::fail('answered');
        } catch (Unavailable $error) {
            self::assertSame(60.0, $error->retryDelay);
            self::assertSame([], $this->clock->slept);
        }
        $cognate = $this->cognate([self::unavailable(), self::unavailable(), new WhoAmIResponse()], timeout: 10.0, takes: 4.0);
        $cognate->key()->whoAmI(new WhoAmIRequest());
        $left = array_map(static fn (array $call): float => (float) $call[2]->timeout, $this->fake->calls);
        self::assertEqualsWithDelta([10.0, 5.9, 1.6], $left, 1e-6);
    }

    public function testOtherErrorsAreNotTriedAgain(): void
    {
        foreach ([StatusCode::INTERNAL, StatusCode::DEADLINE_EXCEEDED, StatusCode::INVALID_ARGUMENT, StatusCode::UNAUTHENTICATED] as $code) {
            $cognate = $this->cognate([self::unavailable(0.1, $code)]);
            try {
                $cognate->key()->whoAmI(new WhoAmIRequest());
                self::fail('answered');
            } catch (CognateException) {
                self::assertCount(1, $this->fake->calls);
            }
        }
    }

    public function testEachAttemptOfACaptureSaysWhatTimeItIs(): void
    {
        $batch = new ChangeBatch('till');
        $id = $batch->create('sale', 's-1', ['id' => 's-1']);
        $answer = new CaptureResponse(['results' => [new CaptureResult(['change_id' => $id, 'version' => 7])]]);
        $cognate = $this->cognate([self::unavailable(3.0), $answer]);
        self::assertSame(7, $batch->sendTo($cognate)[0]->version);
        $times = [];
        foreach ($this->fake->calls as [, $request]) {
            self::assertInstanceOf(CaptureRequest::class, $request);
            $times[] = (int) $request->getSentTime()?->getSeconds();
        }
        self::assertSame(3, $times[1] - $times[0]);
    }

    public function testAnAnswerAboutOtherChangesIsNoAnswer(): void
    {
        $batch = new ChangeBatch('till');
        $batch->create('sale', 's-1', []);
        $id = $batch->create('sale', 's-2', []);
        foreach ([[], [new CaptureResult(['change_id' => $id, 'version' => 1])]] as $results) {
            try {
                $batch->sendTo($this->cognate([new CaptureResponse(['results' => $results])]));
                self::fail('taken');
            } catch (InternalError $error) {
                self::assertSame('BAD_ANSWER', $error->reason);
            }
        }
    }
}
