<?php

declare(strict_types=1);

// Somebody who works on an application: php writer.php SETTINGS.json SEED WRITES [PAUSE-MICROSECONDS]
// Says what is to be there in the end: the names of what was made and not deleted, as JSON.
require __DIR__ . '/autoload.php';

use Cognate\Tests\Laravel\Models\Device;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Session;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\App;
use Illuminate\Database\QueryException;

/** @var list<string> $argv */
[, $file, $seed, $writes] = $argv;
$pause = (int) ($argv[4] ?? 0);
$settings = json_decode((string) file_get_contents($file), true, 64, JSON_THROW_ON_ERROR);
$app = new App($settings['connections'], $settings['cognate'], dirname($file));
mt_srand((int) $seed);
$here = "{$settings['cognate']['platform']}-$seed";
$kept = ['users' => [], 'posts' => [], 'tags' => [], 'sessions' => [], 'devices' => []];
$any = static fn (string $class) => $class::query()->inRandomOrder(mt_rand())->first();
for ($i = 0; $i < (int) $writes; $i++) {
    $name = "$here-$i";
    switch (mt_rand(0, 13)) {
        case 0:
        case 1:
            User::create(['name' => $name, 'email' => "$name@example.org", 'password' => 'geheim', 'settings' => ['i' => $i, 'ä' => [1.5, null]]]);
            $kept['users'][] = "$name@example.org";
            break;
        case 2:
        case 3:
            Post::create(['title' => $name, 'user_id' => $any(User::class)?->id, 'price' => mt_rand(0, 99999) / 100, 'published_at' => '2026-03-01 12:00:00']);
            $kept['posts'][$name] = $name;
            break;
        case 4:
            Tag::create(['name' => $name]);
            $kept['tags'][] = $name;
            break;
        case 5:
            Session::create(['id' => $name, 'user_id' => $any(User::class)?->id, 'agent' => 'x']);
            $kept['sessions'][$name] = $name;
            break;
        case 6:
            $owner = $any(User::class);
            if ($owner !== null) {
                Device::create(['owner_type' => 'user', 'owner_id' => $owner->id, 'name' => $name]);
                $kept['devices'][] = $name;
            }
            break;
        case 7:
            $any(User::class)?->update(['active' => (bool) mt_rand(0, 1), 'name' => "by $name"]);
            break;
        case 8:
        case 9:
            $any(Post::class)?->update(mt_rand(0, 1) === 1 ? ['body' => "by $name"] : ['price' => mt_rand(0, 9999) / 100]);
            break;
        case 10:
            $tag = $any(Tag::class);
            $post = $any(Post::class);
            if ($tag !== null && $post !== null) {
                try {
                    $post->tags()->syncWithoutDetaching([$tag->id => ['position' => $i]]);
                } catch (QueryException $error) {
                    // The other side's was written in between: an application sees the same of two of its own requests.
                    str_contains($error->getMessage(), 'post_tag') || throw $error;
                }
            }
            break;
        case 11:
            $post = Post::where('title', 'like', "$here-%")->inRandomOrder(mt_rand())->first();
            if ($post !== null && mt_rand(0, 2) === 0) {
                $post->delete();
                unset($kept['posts'][$post->title]);
            }
            break;
        case 12:
            $any(Session::class)?->update(['agent' => "by $name"]);
            break;
        case 13:
            try {
                $app->manager->getConnection()->transaction(static function () use ($name): void {
                    User::create(['name' => $name, 'email' => "rolled-back-$name@example.org"]);
                    throw new RuntimeException('changed my mind');
                });
            } catch (RuntimeException) {
                // It was never there.
            }
    }
    $pause > 0 && usleep(mt_rand(0, 2 * $pause));
}
echo json_encode(array_map('array_values', $kept));
