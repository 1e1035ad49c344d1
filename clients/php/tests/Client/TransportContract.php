<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ChangeBatch;
use Cognate\Client\Exception\AlreadyExists;
use Cognate\Client\Exception\DeadlineExceeded;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Exception\PermissionDenied;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\Unauthenticated;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\ReceivedDelivery;
use Cognate\Client\Value\Bytes;
use Cognate\Client\Values;
use Cognate\Tests\Client\Support\Samples;
use Cognate\Tests\Client\Support\Wait;
use Cognate\V1\CreatePlatformRequest;
use Cognate\V1\FieldType;
use Cognate\V1\GetLatestChangeRequest;
use Cognate\V1\GetPlatformRequest;
use Cognate\V1\ListLanesRequest;
use Cognate\V1\Platform;
use Cognate\V1\PlatformKind;
use Cognate\V1\PullRequest;
use Cognate\V1\RecordKey;
use Cognate\V1\WhoAmIRequest;
use Google\Protobuf\Duration;

/** What is so over every transport, against a real hub. */
abstract class TransportContract extends HubTestCase
{
    public function testACallIsAnsweredAndTheKeySaysWhoCalls(): void
    {
        [$platform, $key] = self::enrolled('till');
        $answer = self::connect($key)->key()->whoAmI(new WhoAmIRequest());
        self::assertSame($platform, $answer->getPrincipal()?->getPlatform());
    }

    public function testAnErrorIsAnExceptionWithAllItsDetails(): void
    {
        $cognate = self::connect(self::operator());
        try {
            $cognate->platformRegistry()->getPlatform(new GetPlatformRequest(['name' => 'platforms/nöpe']), new CallOptions(requestId: 'my-id-1'));
            self::fail('answered');
        } catch (InvalidArgument $error) {
            self::assertSame(['INVALID_FIELD', 'name', 'my-id-1'], [$error->reason, $error->fieldViolations[0]->field, $error->requestId]);
            self::assertStringContainsString('nöpe', $error->getMessage());
        }
        try {
            $cognate->platformRegistry()->getPlatform(new GetPlatformRequest(['name' => 'platforms/nope']));
            self::fail('answered');
        } catch (NotFound $error) {
            self::assertSame(['PLATFORM_NOT_FOUND', ['platform' => 'nope']], [$error->reason, $error->metadata]);
        }
        $known = static::hub()->platform('known');
        try {
            $platform = new Platform(['name' => "platforms/$known", 'kind' => PlatformKind::PLATFORM_KIND_AGENT]);
            $cognate->platformRegistry()->createPlatform(new CreatePlatformRequest(['platform' => $platform]));
            self::fail('answered');
        } catch (AlreadyExists $error) {
            self::assertSame('PLATFORM_ALREADY_EXISTS', $error->reason);
        }
    }

    public function testAPlatformTouchesItsOwnRecordsAlone(): void
    {
        [, $key] = self::enrolled('till');
        $other = static::hub()->platform('other');
        try {
            self::connect($key)->delivery()->listLanes(new ListLanesRequest(['platform' => $other]));
            self::fail('answered');
        } catch (PermissionDenied $error) {
            self::assertSame('NOT_YOUR_PLATFORM', $error->reason);
        }
    }

    public function testARetryHelpsWhereTheHubSaysSo(): void
    {
        // No sync leads there yet, so that no lane is open.
        [$platform, $key] = self::enrolled('till');
        try {
            self::connect($key, ['max_attempts' => 2])->delivery()->pull(
                new PullRequest(['platform' => $platform, 'wait' => new Duration(['seconds' => 0])]),
                new CallOptions(timeout: 20.0)
            );
            self::fail('answered');
        } catch (Unavailable $error) {
            self::assertSame('LANE_NOT_READY', $error->reason);
            self::assertGreaterThan(0, $error->retryDelay);
        }
    }

    public function testTheHubKnowsHowLongTheCallerWaits(): void
    {
        [, $target] = $this->pair('waits', ['amount' => FieldType::FIELD_TYPE_INTEGER]);
        $request = new PullRequest(['platform' => $target->platform, 'wait' => new Duration(['seconds' => 60])]);
        $answer = Wait::until(static function () use ($target, $request): ?string {
            try {
                return $target->cognate->delivery()->pull($request, new CallOptions(timeout: 3.0))->getLease() === '' ? 'in time' : null;
            } catch (DeadlineExceeded) {
                return 'late';
            } catch (Unavailable) {
                return null;
            }
        });
        self::assertContains($answer, ['in time', 'late']);
    }

    public function testACallThatIsNotAnsweredEndsWhenItsTimeIsOver(): void
    {
        // Its connections are made by the kernel, and nobody ever reads from them.
        $silent = stream_socket_server('tcp://127.0.0.1:0');
        self::assertNotFalse($silent);
        $address = 'http://' . stream_socket_get_name($silent, false);
        $cognate = static::of(['address' => $address, 'timeout' => 0.5]);
        try {
            $cognate->key()->whoAmI(new WhoAmIRequest());
            self::fail('answered');
        } catch (DeadlineExceeded $error) {
            self::assertSame('TIMED_OUT', $error->reason);
        }
        fclose($silent);
        try {
            $cognate->key()->whoAmI(new WhoAmIRequest());
            self::fail('answered');
        } catch (Unavailable $error) {
            self::assertSame('CONNECTION_REFUSED', $error->reason);
        }
    }

    public function testValuesKeepTheirTypesFromCaptureToPull(): void
    {
        $samples = Samples::fields();
        // Which the hub takes for zero, as databases do.
        unset($samples['minus_zero']);
        [$source, $target] = $this->pair('values', array_map(static fn (array $sample): int => $sample[0], $samples));
        $fields = ['id' => '9007199254740993'] + array_map(static fn (array $sample): mixed => $sample[1], $samples);
        $batch = new ChangeBatch($source->platform);
        $batch->create('thing', '9007199254740993', $fields, time: new \DateTimeImmutable());
        $captured = $batch->sendTo($source->cognate);
        self::assertSame('', $captured[0]->reason, $captured[0]->message);
        self::assertGreaterThan(0, $captured[0]->version);
        // Sent again after a doubt: it counts once.
        self::assertSame($captured[0]->version, $batch->sendTo($source->cognate)[0]->version);

        $key = new RecordKey(['platform' => $source->platform, 'model' => 'thing', 'local_id' => '9007199254740993']);
        $change = $source->cognate->capture()->getLatestChange(new GetLatestChangeRequest(['record' => $key]))->getChange();
        $logged = Values::fieldsFromProto($change?->getFields() ?? []);
        foreach ($fields as $name => $value) {
            self::assertSame(Samples::exact($value), Samples::exact($logged[$name]), "field $name in the log");
        }

        $pulled = self::pulled($target);
        /** @var ReceivedDelivery $delivery */
        $delivery = iterator_to_array($pulled)[0];
        self::assertSame(['thing', null, false, $source->platform, '9007199254740993'], [
            $delivery->model, $delivery->localId, $delivery->isDelete, $delivery->sourcePlatform, $delivery->sourceLocalId,
        ]);
        foreach ($fields as $name => $value) {
            self::assertArrayHasKey($name, $delivery->fields);
            if ($value !== null && ($samples[$name][0] ?? 0) === FieldType::FIELD_TYPE_JSON) {
                // The hub renders fields of this type as a database wants them: as text.
                self::assertJson((string) $delivery->fields[$name], "field $name");
            } else {
                self::assertSame(Samples::exact($value), Samples::exact($delivery->fields[$name]), "field $name");
            }
        }
        $pulled->answer($delivery->applied('local-7'));
        $pulled->report();

        // From then on it comes by the target's own id, also when it goes.
        $batch = new ChangeBatch($source->platform);
        $batch->delete('thing', '9007199254740993');
        self::assertTrue($batch->sendTo($source->cognate)[0]->isAccepted());
        $pulled = self::pulled($target);
        $delivery = iterator_to_array($pulled)[0];
        self::assertSame([true, 'local-7'], [$delivery->isDelete, $delivery->localId]);
        $pulled->answer($delivery->applied());
        $pulled->report();
    }

    public function testAWrongChangeIsRefusedAlone(): void
    {
        [$source] = $this->pair('wrong', ['amount' => FieldType::FIELD_TYPE_INTEGER]);
        $batch = new ChangeBatch($source->platform);
        $batch->create('thing', 1, ['id' => '1', 'amount' => 5]);
        $batch->create('thing', 2, ['id' => '2', 'amount' => 'five']);
        $batch->create('thing', 3, ['id' => '3', 'colour' => 'red']);
        $captured = $batch->sendTo($source->cognate);
        self::assertSame(['', 'WRONG_TYPE', 'FIELD_NOT_FOUND'], array_map(static fn ($change) => $change->reason, $captured));
        self::assertSame('changes[1].fields[1].value', $captured[1]->field);
    }

    public function testAnAnswerOfTwentyMegabytesIsRefusedUnlessItIsWanted(): void
    {
        $bytes = FieldType::FIELD_TYPE_BYTES;
        [$source] = $this->pair('large', ['a' => $bytes, 'b' => $bytes, 'c' => $bytes]);
        $large = new Bytes(random_bytes(7 << 20));
        $batch = new ChangeBatch($source->platform);
        $batch->create('thing', 'l', ['id' => 'l', 'a' => $large, 'b' => $large, 'c' => $large]);
        $hub = static::hub()->insider();
        self::assertTrue($batch->sendTo($hub)[0]->isAccepted());

        $request = new GetLatestChangeRequest(['record' => new RecordKey(['platform' => $source->platform, 'model' => 'thing', 'local_id' => 'l'])]);
        $before = memory_get_usage();
        memory_reset_peak_usage();
        try {
            $source->cognate->capture()->getLatestChange($request);
            self::fail('answered');
        } catch (ResourceExhausted $error) {
            self::assertSame('ANSWER_TOO_LARGE', $error->reason);
            self::assertLessThan(60 << 20, memory_get_peak_usage() - $before);
        }
        $willing = self::connect($source->key, ['max_message_bytes' => 64 << 20]);
        $fields = $willing->capture()->getLatestChange($request, new CallOptions(timeout: Wait::PATIENCE))->getChange()?->getFields();
        self::assertSame(sha1($large->bytes), sha1((string) $fields[1]->getValue()?->getBytesValue()));
        // Neither spoils the next call.
        self::assertNotNull($source->cognate->key()->whoAmI(new WhoAmIRequest())->getPrincipal());
    }

    public function testAKeyThatIsRevokedIsGoodForNothing(): void
    {
        [$platform, $key] = self::enrolled('revoked');
        $file = static::hub()->file("$platform.key");
        file_put_contents($file, "$key\n");
        $cognate = static::of(['key_file' => $file]);
        self::assertNotNull($cognate->key()->whoAmI(new WhoAmIRequest())->getPrincipal());
        static::hub()->cli('key', 'revoke', explode('_', $key)[1]);
        $error = Wait::until(static function () use ($cognate): ?Unauthenticated {
            try {
                $cognate->key()->whoAmI(new WhoAmIRequest());
                return null;
            } catch (Unauthenticated $error) {
                return $error;
            }
        });
        self::assertInstanceOf(Unauthenticated::class, $error);
        self::assertSame('KEY_INVALID', $error->reason);
        self::assertStringNotContainsString($key, (string) $error);
        // Another key in the same file is taken without a new connection.
        file_put_contents("$file.new", static::hub()->enrol($platform) . "\n");
        rename("$file.new", $file);
        self::assertSame($platform, $cognate->key()->whoAmI(new WhoAmIRequest())->getPrincipal()?->getPlatform());
    }

    public function testFigureOfCallsASecond(): void
    {
        [, $key] = self::enrolled('figure');
        $cognate = self::connect($key);
        $cognate->key()->whoAmI(new WhoAmIRequest());
        $calls = 500;
        $started = hrtime(true);
        for ($i = 0; $i < $calls; ++$i) {
            $cognate->key()->whoAmI(new WhoAmIRequest());
        }
        $seconds = (hrtime(true) - $started) / 1e9;
        fprintf(STDOUT, "\nfigure php.client transport=%s unary_per_second=%.0f\n", static::label(), $calls / $seconds);
        self::assertSame(static::way()['transport'], $cognate->transport()->name());
    }
}
