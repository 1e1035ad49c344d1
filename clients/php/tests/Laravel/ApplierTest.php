<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Applier;
use Cognate\Laravel\Events;
use Cognate\Laravel\Inbox;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\Puller;
use Cognate\Tests\Laravel\Models\Article;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\AppTestCase;
use Cognate\Tests\Laravel\Support\Blog;
use Cognate\V1\CollisionAction;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryResult;
use Cognate\V1\ExistsAction;
use Cognate\V1\Field;
use Cognate\V1\FieldCollision;
use Cognate\V1\NaturalKey;
use Cognate\V1\Operation;
use Cognate\V1\OutcomeStatus;
use Cognate\V1\Value;
use Google\Protobuf\NullValue;

/** Deliveries are written through Eloquent, once, and what cannot be written says why. */
class ApplierTest extends AppTestCase
{
    private const ENTITY = '0197f3a2-6a1c-7d44-9a2e-00000000000';

    public function testADeliveryIsWrittenWithItsRowOfTheInboxAndIsNotCaptured(): void
    {
        $result = $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        self::assertSame('1', $result->getLocalId());
        self::assertSame('Ada', User::first()->name);
        self::assertSame([], $this->captured());
        self::assertSame(10, User::first()->syncVersion());
        self::assertSame(self::ENTITY . '1', User::first()->syncEntityId());
        self::assertSame(0, User::sync(), 'nor does the comparison find it');
    }

    public function testTheSameDeliveryTwiceAndAnOlderOneAreWrittenOnce(): void
    {
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        $again = $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        $older = $this->one($this->user(1, 9, ['name' => 'Older', 'email' => 'ada@example.org']));
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_APPLIED, '1'], [$again->getStatus(), $again->getLocalId()]);
        self::assertSame(10, (int) $older->getAppliedVersion());
        self::assertSame(['Ada'], User::pluck('name')->all());
    }

    public function testWhatWasLeftEmptyForNowIsPatchedByTheSameVersion(): void
    {
        User::create(['name' => 'Ada', 'email' => 'ada@example.org']);
        $this->one($this->of('posts', 2, 10, ['title' => 'One', 'user_id' => null])->setIncomplete(true));
        $this->one($this->of('posts', 2, 10, ['title' => 'One', 'user_id' => '1']));
        self::assertSame([[1, 1]], Post::all()->map(static fn (Post $post): array => [$post->id, $post->user_id])->all());
    }

    public function testWhatObserversSaveOfOthersIsAChangeOfThisSide(): void
    {
        User::saved(static function (User $user): void {
            Tag::firstOrCreate(['name' => "user-$user->id"]);
            if ($user->name !== 'Ada!') {
                $user->name = 'Ada!';
                $user->save();
                User::find($user->id)->update(['active' => false]);
            }
        });
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        self::assertSame(['create tags 1'], $this->captured(), 'not the record itself, by whichever instance');
        User::first()->update(['name' => 'Eve!']);
        self::assertContains('update users 1', $this->captured());
    }

    public function testOneThatCannotBeWrittenDoesNotStopTheOthers(): void
    {
        User::saving(static fn (User $user): ?bool => $user->name === 'vetoed' ? false : null);
        User::created(static function (User $user): void {
            Tag::create(['name' => 'of ' . $user->name]);
            if ($user->name === 'fails') {
                throw new \RuntimeException('secret words of the application');
            }
        });
        $log = tempnam(sys_get_temp_dir(), 'log');
        $former = ini_set('error_log', $log);
        $results = $this->apply([
            $this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']),
            $this->user(2, 11, ['name' => 'twice', 'email' => 'ada@example.org']),
            $this->user(3, 12, ['name' => 'vetoed', 'email' => 'c@example.org']),
            $this->user(4, 13, ['name' => 'fails', 'email' => 'd@example.org']),
            $this->user(5, 14, ['name' => null, 'email' => 'e@example.org']),
            $this->of('passwords', 6, 15, ['a' => 'b']),
            $this->user(7, 16, ['password' => 'x', 'name' => 'x', 'email' => 'f@example.org']),
            $this->user(8, 17, ['name' => 'Bob', 'email' => 'bob@example.org']),
        ]);
        ini_set('error_log', (string) $former);
        unlink($log);
        $told = array_map(static fn (DeliveryResult $result): array => [substr(OutcomeStatus::name($result->getStatus()), 15), (string) $result->getError()?->getReason(), (string) $result->getError()?->getField()], $results);
        self::assertSame([
            ['APPLIED', '', ''],
            ['REJECTED', 'UNIQUE_VIOLATION', 'email'],
            ['REJECTED', 'REFUSED_BY_APPLICATION', ''],
            ['FAILED', 'APPLICATION_FAILED', ''],
            ['REJECTED', 'NOT_NULL_VIOLATION', 'name'],
            ['REJECTED', 'MODEL_NOT_SYNCED', ''],
            ['REJECTED', 'FIELD_NOT_SYNCED', 'password'],
            ['APPLIED', '', ''],
        ], $told);
        self::assertSame(['Ada', 'Bob'], User::pluck('name')->all());
        self::assertSame(['of Ada', 'of Bob'], Tag::pluck('name')->all(), 'what an observer did for a record that failed is undone');
        self::assertSame(Tag::pluck('id')->map(static fn (int $id): string => "create tags $id")->all(), $this->captured());
        self::assertStringNotContainsString('ada@example.org', $results[1]->getError()->getMessage());
    }

    public function testDeletesAreDeletesAndSoftOnesComeBack(): void
    {
        $this->one($this->of('posts', 1, 10, ['title' => 'One']));
        $this->one($this->delete('posts', 1, 11));
        self::assertSame(0, Post::count());
        self::assertSame(1, Post::withTrashed()->count());
        $this->one($this->delete('posts', 1, 11));
        $this->one($this->of('posts', 1, 12, ['title' => 'One again']));
        self::assertSame([[1, 'One again']], Post::all()->map(static fn (Post $post): array => [$post->id, $post->title])->all());
        self::assertSame([], $this->captured());
        self::assertSame(OutcomeStatus::OUTCOME_STATUS_APPLIED, $this->one($this->delete('posts', 9, 13))->getStatus(), 'what never was here is gone');
    }

    public function testWhatWasDeletedHereOnPurposeStaysDeleted(): void
    {
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        User::withoutSyncing(static fn () => User::first()->delete());
        $result = $this->one($this->user(1, 11, ['name' => 'Ada L', 'email' => 'ada@example.org'])->setLocalId('1')->setKeepsDeletes(true));
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_SKIPPED, 'DELETED_ON_TARGET'], [$result->getStatus(), $result->getError()->getReason()]);
        $this->one($this->user(1, 12, ['name' => 'Ada M', 'email' => 'ada@example.org'])->setLocalId('1'));
        self::assertSame(1, User::count(), 'and is made anew where nobody says so');
        User::first()->delete();
        $result = $this->one($this->user(1, 13, ['name' => 'Ada N', 'email' => 'ada@example.org'])->setLocalId(User::withoutGlobalScopes()->value('id') ?? '2'));
        self::assertSame('DELETED_ON_TARGET', $result->getError()->getReason(), 'the delete is on its way');
    }

    public function testAnEditThatComesAfterADeleteOfHereBringsNothingBack(): void
    {
        $this->one($this->of('posts', 1, 10, ['title' => 'One']));
        Post::first()->delete();
        $this->app->make(Inbox::class)->sent($this->database(), [['model' => 'posts', 'local_id' => '1', 'version' => 11, 'floor' => 0, 'hash' => null, 'deleted' => true]]);
        $this->forgetCaptured();
        $result = $this->one($this->of('posts', 1, 12, ['title' => 'edited there'])->setLocalId('1')->setKeepsDeletes(true));
        self::assertSame(['DELETED_ON_TARGET', 0], [$result->getError()->getReason(), Post::count()]);
    }

    public function testADeliveryThatMeetsAnEditOfHereKeepsBoth(): void
    {
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        User::first()->update(['name' => 'edited here']);
        $former = $this->database()->table(Outbox::TABLE)->value('change_id');
        $met = [];
        $this->app->make('events')->listen(Events\ConflictDetected::class, static function (Events\ConflictDetected $event) use (&$met): void {
            $met[] = $event;
        });
        $result = $this->one($this->user(1, 11, ['name' => 'edited there', 'email' => 'new@example.org'])->setLocalId('1'));
        self::assertSame(OutcomeStatus::OUTCOME_STATUS_APPLIED, $result->getStatus());
        self::assertSame(['edited here', 'new@example.org'], [User::first()->name, User::first()->email]);
        self::assertSame(['edited here', 'new@example.org'], [$this->newest()['name'], $this->newest()['email']]);
        self::assertNotSame($former, $this->database()->table(Outbox::TABLE)->value('change_id'), 'the hub may know the former as it was');
        self::assertSame([['name' => 'edited there']], array_map(static fn (Events\ConflictDetected $event): array => $event->lost, $met));
    }

    public function testADeleteThatMeetsAnEditOfHereWins(): void
    {
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        User::first()->update(['name' => 'edited here']);
        $this->one($this->delete('users', 1, 11)->setLocalId('1'));
        self::assertSame([0, ['delete users 1']], [User::count(), $this->captured()], 'another worker may have sent the edit');
        $this->one($this->delete('users', 1, 11)->setLocalId('1'));
        self::assertSame(['delete users 1'], $this->captured(), 'once');
    }

    public function testARecordThatComesBackIsNotToldAsGone(): void
    {
        $this->one($this->of('posts', 1, 10, ['title' => 'One']));
        Post::first()->update(['title' => 'edited here']);
        $this->one($this->delete('posts', 1, 11)->setLocalId('1'));
        self::assertSame(['delete posts 1'], $this->captured());
        $this->one($this->of('posts', 1, 12, ['title' => 'One again']));
        self::assertSame([1, 'One again', []], [Post::count(), Post::first()->title, $this->captured()]);
    }

    public function testWhoHadARecordBackAndDeletedItKeepsItDeleted(): void
    {
        $this->one($this->of('posts', 1, 10, ['title' => 'One']));
        Post::first()->update(['title' => 'edited here']);
        $this->one($this->delete('posts', 1, 11)->setLocalId('1'));
        Post::withTrashed()->first()->restore();
        Post::first()->delete();
        $captured = $this->captured();
        self::assertSame('delete posts 1', end($captured));
        $result = $this->one($this->of('posts', 1, 12, ['title' => 'One again'])->setLocalId('1'));
        self::assertSame(['DELETED_ON_TARGET', 0, $captured], [$result->getError()?->getReason(), Post::count(), $this->captured()]);
    }

    public function testADeleteWinsOverAnEditThatTheHubHasAndNotOverARecordThatWasMadeAnew(): void
    {
        $sent = fn (int $version, int $floor) => $this->app->make(Inbox::class)->sent($this->database(), [['model' => 'posts', 'local_id' => '1', 'version' => $version, 'floor' => $floor, 'hash' => 'x', 'deleted' => false]]);
        Post::create(['title' => 'One']);
        $sent(9, 9);
        $sent(12, 0);
        $this->forgetCaptured();
        $this->one($this->delete('posts', 1, 8)->setLocalId('1'));
        self::assertSame(1, Post::count(), 'of what had the id before');
        $this->one($this->delete('posts', 1, 11)->setLocalId('1'));
        self::assertSame([0, ['delete posts 1']], [Post::count(), $this->captured()], 'or the edit would make it anew elsewhere');
        $this->forgetCaptured();
        Post::withTrashed()->first()->restore();
        $sent(15, 0);
        $this->one($this->delete('posts', 1, 14)->setLocalId('1'));
        self::assertSame(1, Post::count());
    }

    public function testWhatIsOlderThanAnEditThatTheHubHasIsNotWritten(): void
    {
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org']));
        User::first()->update(['name' => 'edited here']);
        $this->app->make(Inbox::class)->sent($this->database(), [['model' => 'users', 'local_id' => '1', 'version' => 12, 'floor' => 0, 'hash' => 'x', 'deleted' => false]]);
        $this->forgetCaptured();
        $result = $this->one($this->user(1, 11, ['name' => 'edited there', 'email' => 'ada@example.org'])->setLocalId('1'));
        self::assertSame([12, 'edited here'], [(int) $result->getAppliedVersion(), User::first()->name]);
    }

    public function testNaturalKeysFindWhatIsHereAlready(): void
    {
        User::withoutSyncing(static function (): void {
            foreach (['a', 'b', 'c', 'd'] as $name) {
                User::create(['name' => $name, 'email' => "$name@example.org"]);
            }
        });
        $as = fn (string $name, int $entity, int $exists): Delivery => $this->user($entity, 10 + $entity, ['name' => 'theirs', 'email' => "$name@example.org"])
            ->setNaturalKeys([(new NaturalKey())->setFields(['email'])])->setIfExists($exists);
        $results = $this->apply([
            $as('a', 1, ExistsAction::EXISTS_ACTION_UPDATE),
            $as('b', 2, ExistsAction::EXISTS_ACTION_ADOPT),
            $as('c', 3, ExistsAction::EXISTS_ACTION_SKIP),
            $as('d', 4, ExistsAction::EXISTS_ACTION_ERROR),
            $this->user(5, 15, ['name' => 'd', 'email' => 'd@example.org'])->setNaturalKeys([(new NaturalKey())->setFields(['name'])])->setIfExists(ExistsAction::EXISTS_ACTION_RENAME),
        ]);
        self::assertSame(['1', '2', '', '', '5'], array_map(static fn (DeliveryResult $result): string => $result->getLocalId(), $results));
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_SKIPPED, OutcomeStatus::OUTCOME_STATUS_REJECTED], [$results[2]->getStatus(), $results[3]->getStatus()]);
        self::assertSame(['theirs', 'b', 'c', 'd', 'd-2'], User::orderBy('id')->pluck('name')->all());
        self::assertSame('d@example.org-2', User::find(5)->email);
        $this->database()->table('tags')->insert([['name' => 'x'], ['name' => 'y']]);
        $this->database()->table('posts')->insert([['title' => 'same'], ['title' => 'same']]);
        $result = $this->one($this->of('posts', 6, 20, ['title' => 'same'])->setNaturalKeys([(new NaturalKey())->setFields(['title'])]));
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_CONFLICT, 'AMBIGUOUS_MATCH'], [$result->getStatus(), $result->getError()->getReason()]);
    }

    public function testCollisionsAndMissingOnlyFieldsAsTheSyncSays(): void
    {
        User::withoutSyncing(static fn () => User::create(['name' => 'own', 'email' => 'ada@example.org']));
        $suffix = [(new FieldCollision())->setField('email')->setAction(CollisionAction::COLLISION_ACTION_SUFFIX)];
        $this->one($this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org'])->setCollisions($suffix));
        $this->one($this->user(1, 11, ['name' => 'Ada L', 'email' => 'ada@example.org'])->setCollisions($suffix));
        self::assertSame([['own', 'ada@example.org'], ['Ada L', 'ada@example.org-2']], User::all()->map(static fn (User $user): array => [$user->name, $user->email])->all());
        $this->one($this->user(1, 12, ['name' => 'not taken', 'settings' => '{"a":1}'])->setLocalId('2')->setMissingOnlyFields(['name', 'settings']));
        self::assertSame(['Ada L', ['a' => 1]], [User::find(2)->name, User::find(2)->settings]);
    }

    public function testItSaysWhatItHasInsteadOfWhatWasDelivered(): void
    {
        User::withoutSyncing(static fn () => User::create(['name' => 'own', 'email' => 'ada@example.org']));
        $suffix = [(new FieldCollision())->setField('email')->setAction(CollisionAction::COLLISION_ACTION_SUFFIX)];
        $ada = ['name' => 'Ada', 'email' => 'ada@example.org', 'active' => 1, 'settings' => '{ "b": [1.0],  "a": null }', 'created_at' => '2026-02-28T12:00:00Z'];
        self::assertSame(['email' => 'ada@example.org-2'], self::instead($this->one($this->user(1, 10, $ada)->setCollisions($suffix))));
        self::assertSame(['name' => 'Ada'], self::instead($this->one($this->user(1, 11, ['name' => 'not taken', 'email' => 'new@example.org'])->setMissingOnlyFields(['name']))));
        self::assertSame([], self::instead($this->one($this->user(1, 12, ['email' => 'newer@example.org']))), 'present, and empty');

        $key = [(new NaturalKey())->setFields(['email'])];
        $adopted = $this->one($this->user(2, 13, ['name' => 'theirs', 'email' => 'ada@example.org'])->setNaturalKeys($key)->setIfExists(ExistsAction::EXISTS_ACTION_ADOPT));
        self::assertSame(['1', ['name' => 'own']], [$adopted->getLocalId(), self::instead($adopted)]);

        User::saving(static fn (User $user) => $user->name = ucfirst($user->name));
        self::assertSame(['name' => 'Eve'], self::instead($this->one($this->user(3, 14, ['name' => 'eve', 'email' => 'eve@example.org']))), 'an observer');
        User::flushEventListeners();
        User::bootSyncable();
        User::find(3)->update(['name' => 'edited here']);
        $edited = $this->one($this->user(3, 15, ['name' => 'Eva', 'email' => 'eva@example.org']));
        self::assertFalse($edited->hasWritten(), 'an edit of here that is not sent yet is no echo of the delivery');
        self::assertSame('edited here', User::find(3)->name);

        $this->one($this->of('posts', 4, 16, ['title' => 'One', 'price' => '12.5', 'published_at' => '2026-02-28T12:00:00.250Z']));
        self::assertSame([], self::instead($this->one($this->of('posts', 4, 17, ['title' => 'One', 'price' => '12.5', 'user_id' => '3']))), 'a number is the same however it is written');
        self::assertFalse($this->one($this->of('posts', 4, 16, ['title' => 'Older']))->hasWritten(), 'of what is newer here nothing is said');
        self::assertFalse($this->one($this->delete('posts', 4, 18))->hasWritten());
    }

    public function testTheHubIsToldWhatIsThereInstead(): void
    {
        $told = [];
        $hub = $this->fakeHub();
        $hub->before = static function (string $method, object $request) use (&$told): void {
            $told = $method === 'Report' ? [...$told, ...iterator_to_array($request->getResults(), false)] : $told;
        };
        User::withoutSyncing(static fn () => User::create(['name' => 'own', 'email' => 'ada@example.org']));
        $suffix = [(new FieldCollision())->setField('email')->setAction(CollisionAction::COLLISION_ACTION_SUFFIX)];
        $hub->deliveries = [$this->user(1, 10, ['name' => 'Ada', 'email' => 'ada@example.org'])->setCollisions($suffix), $this->user(2, 11, ['name' => 'Bob', 'email' => 'bob@example.org'])];
        $this->app->make(Puller::class)->pull(0.0);
        self::assertSame([['email' => 'ada@example.org-2'], []], array_map([self::class, 'instead'], $told));
    }

    /** @return array<string, string> texts by field */
    private static function instead(DeliveryResult $result): array
    {
        self::assertTrue($result->hasWritten(), (string) $result->getError()?->getMessage());
        $instead = [];
        foreach ($result->getWritten()->getFields() as $field) {
            $instead[$field->getName()] = $field->getValue()->getTextValue();
        }
        return $instead;
    }

    public function testAHandlerWritesInThePlaceOfThePackage(): void
    {
        $this->app = $this->makeApp(['models' => [Models\Handled::class, Tag::class]]);
        Blog::create($this->database());
        $this->app->makeTables();
        $this->one($this->of('users', 1, 10, ['name' => 'Ada', 'email' => 'ADA@example.org']));
        self::assertSame('ada@example.org', Models\Handled::first()->email);
        self::assertSame(['create tags 1'], $this->captured(), 'its own model is not captured, others are');
        $result = $this->one($this->of('users', 2, 11, ['name' => 'conflict', 'email' => 'x@example.org']));
        self::assertSame([OutcomeStatus::OUTCOME_STATUS_CONFLICT, 'ASK_ADA'], [$result->getStatus(), $result->getError()->getReason()]);
        $this->one($this->delete('users', 1, 12));
        self::assertSame(['gone'], Models\Handled::pluck('name')->all(), 'it marks them');
    }

    public function testPivotRowsAreWrittenChangedAndDeleted(): void
    {
        User::withoutSyncing(static fn () => [Post::create(['title' => 'One']), Tag::create(['name' => 'a'])]);
        $result = $this->one($this->of('post_tag', 1, 10, ['post_id' => '1', 'tag_id' => '1', 'position' => 3]));
        self::assertSame('1,1', $result->getLocalId());
        $this->one($this->of('post_tag', 1, 11, ['post_id' => '1', 'tag_id' => '1', 'position' => 4])->setLocalId('1,1'));
        self::assertSame([4], $this->database()->table('post_tag')->pluck('position')->all());
        $this->one($this->delete('post_tag', 1, 12)->setLocalId('1,1'));
        self::assertSame([0, []], [$this->database()->table('post_tag')->count(), $this->captured()]);
    }

    public function testAModelThatIsPublishedOnlySometimesTakesWhatIsDelivered(): void
    {
        $this->app = $this->makeApp(['models' => [Article::class, Tag::class]]);
        Blog::create($this->database());
        $this->app->makeTables();
        $this->one($this->of('posts', 1, 10, ['title' => 'One']));
        self::assertSame([1, []], [Article::count(), $this->captured()]);
    }

    /** @param array<string, mixed> $fields */
    protected function user(int $entity, int $version, array $fields): Delivery
    {
        return $this->of('users', $entity, $version, $fields);
    }

    /** @param array<string, mixed> $fields */
    protected function of(string $model, int $entity, int $version, array $fields): Delivery
    {
        $list = [];
        foreach ($fields as $name => $value) {
            $proto = new Value();
            match (true) {
                $value === null => $proto->setNullValue(NullValue::NULL_VALUE),
                is_int($value) => $proto->setInt64Value($value),
                default => $proto->setTextValue((string) $value),
            };
            $list[] = (new Field())->setName($name)->setValue($proto);
        }
        return (new Delivery())->setEntityId(self::ENTITY . $entity)->setModel($model)->setVersion($version)->setOperation(Operation::OPERATION_UPDATE)->setFields($list);
    }

    protected function delete(string $model, int $entity, int $version): Delivery
    {
        return (new Delivery())->setEntityId(self::ENTITY . $entity)->setModel($model)->setVersion($version)->setOperation(Operation::OPERATION_DELETE);
    }

    protected function one(Delivery $delivery): DeliveryResult
    {
        return $this->apply([$delivery])[0];
    }

    /**
     * @param list<Delivery> $deliveries
     * @return list<DeliveryResult>
     */
    protected function apply(array $deliveries): array
    {
        $results = $this->app->make(Applier::class)->apply($deliveries);
        self::assertCount(count($deliveries), $results);
        return $results;
    }
}
