<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InternalError;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\Exception\Unimplemented;
use Cognate\Client\Transport\GrpcAnswer;
use Cognate\Client\Transport\GrpcFrames;
use Cognate\Rpc\BadRequest;
use Cognate\Rpc\BadRequest\FieldViolation;
use Cognate\Rpc\ErrorInfo;
use Cognate\Rpc\RetryInfo;
use Cognate\Rpc\Status;
use Cognate\Tests\Client\Support\Seed;
use Google\Protobuf\Any;
use Google\Protobuf\Duration;
use Google\Protobuf\Internal\Message;
use PHPUnit\Framework\TestCase;

final class GrpcAnswerTest extends TestCase
{
    private const HEAD = ["HTTP/2 200 \r\n", "content-type: application/grpc\r\n", "\r\n"];

    /** @param list<string> $trailers */
    private static function answer(array $trailers, string $body = '', array $head = self::HEAD, int $limit = 1000): GrpcAnswer
    {
        $answer = new GrpcAnswer($limit, 'ours');
        foreach ($head as $line) {
            $answer->header($line);
        }
        foreach ($body === '' ? [] : str_split($body, 3) as $piece) {
            if (!$answer->body($piece)) {
                break;
            }
        }
        foreach ($trailers as $line) {
            $answer->header("$line\r\n");
        }
        return $answer;
    }

    private static function detail(string $name, Message $message): Any
    {
        return new Any(['type_url' => "type.googleapis.com/google.rpc.$name", 'value' => @$message->serializeToString()]);
    }

    private static function details(): string
    {
        $violation = new FieldViolation(['field' => 'changes[3].fields[0]', 'description' => 'got x, want y']);
        $status = new Status(['code' => 3, 'message' => 'wrong', 'details' => [
            self::detail('ErrorInfo', new ErrorInfo(['reason' => 'INVALID_FIELD', 'domain' => 'cognate', 'metadata' => ['field' => 'x']])),
            self::detail('BadRequest', new BadRequest(['field_violations' => [$violation]])),
            self::detail('RetryInfo', new RetryInfo(['retry_delay' => new Duration(['seconds' => 1, 'nanos' => 250_000_000])])),
            self::detail('Unheard', new ErrorInfo()),
        ]]);
        return rtrim(base64_encode($status->serializeToString()), '=');
    }

    public function testMessagesComeWholeHoweverTheyWereCut(): void
    {
        $body = GrpcFrames::frame('first') . GrpcFrames::frame('') . GrpcFrames::frame(str_repeat('x', 700));
        $answer = self::answer(['grpc-status: 0'], $body);
        self::assertNull($answer->failure(null));
        self::assertSame(['first', '', str_repeat('x', 700)], $answer->frames->take());
        self::assertSame([], $answer->frames->take());
    }

    public function testDetailsOfAnErrorAreOnTheException(): void
    {
        $answer = self::answer(['grpc-status: 3', 'grpc-message: n%C3%B6 %22x%22 100%', 'grpc-status-details-bin: ' . self::details(), 'x-request-id: theirs']);
        $failure = $answer->failure(null);
        self::assertInstanceOf(InvalidArgument::class, $failure);
        self::assertSame('nö "x" 100%', $failure->getMessage());
        self::assertSame(['INVALID_FIELD', 1.25, 'theirs', ['field' => 'x']], [$failure->reason, $failure->retryDelay, $failure->requestId, $failure->metadata]);
        self::assertSame('changes[3].fields[0]', $failure->fieldViolations[0]->field);
    }

    public function testDetailsThatCannotBeReadLeaveTheCode(): void
    {
        foreach (['*', 'AAAA', base64_encode("\x0a\xff\xff\xff\xff\x0f"), base64_encode(str_repeat("\x1a\x02\x0a\x00", 5000))] as $bytes) {
            $failure = self::answer(['grpc-status: 14', "grpc-status-details-bin: $bytes"])->failure(null);
            self::assertInstanceOf(Unavailable::class, $failure);
            self::assertSame('UNAVAILABLE', $failure->getMessage());
        }
    }

    public function testAMessageThatIsTooLargeIsRefusedBeforeItIsRead(): void
    {
        $answer = self::answer([], '', limit: 100);
        self::assertTrue($answer->body("\0\0\0\0"));
        self::assertFalse($answer->body("\x65"));
        self::assertFalse($answer->body('more'));
        self::assertInstanceOf(ResourceExhausted::class, $answer->failure(null));
        self::assertSame('ANSWER_TOO_LARGE', $answer->failure(null)->reason);
    }

    public function testHeadersHaveALimit(): void
    {
        $answer = self::answer([]);
        for ($i = 0; $i < 2000 && $answer->header('x: ' . str_repeat('y', 1000)); ++$i) {
        }
        self::assertLessThan(1100, $i);
        self::assertInstanceOf(ResourceExhausted::class, $answer->failure(null));
    }

    public function testWhatIsNoGrpcSaysSo(): void
    {
        $page = self::answer([], '<h1>Bad gateway</h1>', ["HTTP/1.1 502 Bad Gateway\r\n", "Content-Type: text/html\r\n", "\r\n"])->failure(null);
        self::assertInstanceOf(Unavailable::class, $page);
        self::assertStringContainsString('502', $page->getMessage());
        self::assertInstanceOf(Unimplemented::class, self::answer([], '', ["HTTP/2 404 \r\n"])->failure(null));
        $silent = self::answer([], GrpcFrames::frame('x'))->failure(null);
        self::assertInstanceOf(InternalError::class, $silent);
        self::assertSame('NO_STATUS', $silent->reason);
        self::assertStringContainsString('"connect"', $silent->getMessage());
        $cut = self::answer(['grpc-status: 0'], substr(GrpcFrames::frame('hello'), 0, 7))->failure(null);
        self::assertInstanceOf(InternalError::class, $cut);
        $compressed = self::answer(['grpc-status: 0'], "\1\0\0\0\1x")->failure(null);
        self::assertSame('BAD_FRAME', $compressed?->reason);
    }

    public function testWhatTheOtherSideSaidComesBeforeABrokenConnection(): void
    {
        $broken = CognateException::of(14, 'broken');
        self::assertSame('KEPT', self::answer(['grpc-status: 5', 'grpc-message: KEPT'])->failure($broken)?->getMessage());
        self::assertSame($broken, self::answer([])->failure($broken));
        self::assertNull(self::answer(['grpc-status: 0'])->failure($broken));
    }

    public function testCodesThatAreNoneAreUnknown(): void
    {
        foreach (['', '17', '-1', '99999', 'x', '1.5', '0x0', ' '] as $code) {
            self::assertSame(2, self::answer(["grpc-status: $code"])->failure(null)?->statusCode, "code '$code'");
        }
    }

    public function testWhateverComesIsAnAnswerOrAnException(): void
    {
        Seed::start('GrpcAnswer');
        $lines = ["HTTP/2 200 \r\n", "content-type: application/grpc\r\n", 'grpc-status: 3', 'grpc-message: n%C3%B6', 'grpc-status-details-bin: ' . self::details()];
        $body = GrpcFrames::frame('first') . GrpcFrames::frame(str_repeat('x', 300));
        $ended = 0;
        for ($i = 0; $i < 5000; ++$i) {
            $answer = new GrpcAnswer(200 + mt_rand(0, 200));
            foreach ($lines as $line) {
                $answer->header(mt_rand(0, 2) === 0 ? Seed::mutated($line) : $line);
            }
            foreach (Seed::pieces(mt_rand(0, 1) === 0 ? Seed::mutated($body) : $body) as $piece) {
                if (!$answer->body($piece)) {
                    break;
                }
            }
            $failure = $answer->failure(null);
            self::assertTrue($failure === null || preg_match('//u', $failure->getMessage()) === 1, (string) $failure?->getMessage());
            $ended += $failure === null ? 0 : 1;
        }
        self::assertGreaterThan(1000, $ended);
    }
}
