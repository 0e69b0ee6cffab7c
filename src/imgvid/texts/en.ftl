# What the bot says in English. Plain text, no markup. $id is a job's short id.

## First contact

start =
    Hello! Send me a photo and I will turn it into a short video.

    In the caption, say what should happen. For example: “She turns to the camera and smiles.” No caption is fine too.

    I answer at once with one message. A few minutes later that same message becomes your video.

    Everything else: /help
start-studio =
    Hello! I make pictures and videos from words and photos.

    Press a button below. I ask for what is missing and show every setting before anything starts.

    I answer at once with one message. Later that same message becomes your picture or video.

    Everything else: /help
help =
    Send a photo. That is all it takes.

    • Caption: what should happen in the video.
    • Two photos sent together: the first frame and the last one.
    • A picture sent as a file keeps its full quality (JPEG, PNG, WebP or HEIC, up to 20 MB).

    Under your video: Again makes it anew, Another seed makes a variation.

    /my – your videos
    /status <id> – how a job is doing
    /cancel <id> – stop a job
    /language – choose a language
    /privacy – what is kept, and for how long
    /deletemydata – delete everything about you
    /ping – check that I am here
help-studio =
    Press a button of /start, use a command, or simply send me something: I show a card with every setting, and nothing starts before you press Make.

    { $ways }

    • A photo's caption, or words that you send me, say what it should show.
    • In a hurry, write settings beside the words: “9:16 8s seed 7 a cat dances”.
    • Answer a card with a message to change it.
    • A picture sent as a file keeps its full quality (JPEG, PNG, WebP or HEIC, up to 20 MB).

    Under each result: Again makes it anew, Another seed makes a variation, Change settings opens its card.

    /my – what you made
    /status <id> – how a job is doing
    /cancel <id> – stop a job
    /language – choose a language
    /privacy – what is kept, and for how long
    /deletemydata – delete everything about you
    /ping – check that I am here
help-way = /{ $command } – { $about }
help-group = In a group, reply to a photo and mention me, or put my name in the photo's caption.
help-group-studio =
    In a group, use a command, reply to a photo and mention me, or put my name in a photo's caption. Answer my cards by replying to them.

    { $ways }
ping = I am here.
privacy =
    Your pictures and videos are kept in one place only: this chat, in Telegram.

    • { $makes ->
        [any] To make a picture or a video, the computer that makes it gets your words and your photo, keeps them only while it works, sends the result back to this chat and wipes everything.
       *[video] To make a video, a rented GPU computer reads your photo from Telegram, keeps it only while it works, sends the video back to this chat and wipes everything.
    }
    • On our server there are no pictures and no videos. It keeps the list of your jobs (times, settings, Telegram's names for the files) for { $row_days ->
        [one] { $row_days } day
       *[other] { $row_days } days
    } and your prompts for { $prompt_days ->
        [one] { $prompt_days } day
       *[other] { $prompt_days } days
    }. Your language and your last choices stay until you delete them.
    • Your pictures are not used for training and are shown to nobody else.

    /deletemydata deletes all of it at once. The messages in this chat are yours to delete.
privacy-runpod = RunPod rents us GPU computers for some of this. They read your photo from Telegram, work in memory and wipe everything after each job.
privacy-fal = Fal (fal.ai) makes some of this. It gets your words and, where one is needed, your photo, and keeps its copies at most for as long as the job may take: we tell it how long with every job.
privacy-comfyui = A ComfyUI server of this bot's operator makes some of this. It works in a temporary folder, and we delete its record of the job afterwards.

## Language

language-name = English
language-choose = Which language should I speak?
language-chosen = All right, English it is.

## Which wait it is

job-line = Job { $id }
eta-minutes = { $count } min
eta-minutes-range = { $low }–{ $high } min
eta-hours = { $count } h
eta-hours-range = { $low }–{ $high } h
waiting-placed =
    { $makes ->
        [image] Got it. Your picture is in the queue.
       *[video] Got it. Your video is in the queue.
    }
    { job-line }
waiting-behind-own =
    { $makes ->
        [image] { $count ->
            [one] Your earlier picture comes first, then this one.
           *[other] Your { $count } earlier pictures come first, then this one.
        }
       *[video] { $count ->
            [one] Your earlier video comes first, then this one.
           *[other] Your { $count } earlier videos come first, then this one.
        }
    }
    { job-line }
waiting-position =
    Number { $position } in the queue, ready in about { $eta }.
    { job-line }
waiting-eta =
    In the queue, ready in about { $eta }.
    { job-line }
waiting-booting =
    Starting a GPU for you, ready in about { $eta }.
    { job-line }
waiting-service =
    { $makes ->
        [image] Your picture is in line at the service, ready in about { $eta }.
       *[video] Your video is in line at the service, ready in about { $eta }.
    }
    { job-line }
waiting-paused =
    { $makes ->
        [image] Making pictures is paused on our side.
       *[video] Making videos is paused on our side.
    } Your job keeps its place and goes on by itself.
    { job-line }
waiting-starved =
    All GPUs are taken at the moment. Your job keeps its place and goes on by itself.
    { job-line }
waiting-retry =
    Something went wrong on our side, so I am trying again. There is nothing you need to do.
    { job-line }
waiting-fresh =
    { $makes ->
        [image] The computer that was making your picture stopped answering.
       *[video] The computer that was making your video stopped answering.
    } I am starting over with another one; there is nothing you need to do.
    { job-line }
cancelling =
    Cancelling…
    { job-line }

## While it is made

preparing =
    Preparing your picture…
    { job-line }
loading =
    Loading the model…
    { job-line }
generating =
    { $makes ->
        [image] Making your picture…
       *[video] Making your video…
    }
    { job-line }
generating-eta =
    { $makes ->
        [image] Making your picture, ready in about { $eta }.
       *[video] Making your video, ready in about { $eta }.
    }
    { job-line }
generating-percent =
    { $makes ->
        [image] Making your picture: { $percent } %
       *[video] Making your video: { $percent } %
    }
    { $bar }
    { job-line }
encoding =
    { $makes ->
        [image] Finishing the picture…
       *[video] Finishing the video…
    }
    { job-line }
sending =
    { $makes ->
        [image] Sending your picture…
       *[video] Sending your video…
    }
    { job-line }

## The result

ready = { $makes ->
    [image] Your picture is ready.
   *[video] Your video is ready.
}
caption-length = { NUMBER($seconds, maximumFractionDigits: 2) } s
caption-seed = seed { $seed }
note-largest-face = Several faces are in the photo; the largest one moves.
caption-preview = Preview: made without an AI model.
preview-label = PREVIEW · no AI model

## The end without a video

cancelled =
    Cancelled.
    { job-line }
cancelled-deleted =
    The message of this job was deleted, so I cancelled the job. Again starts it anew.
    { job-line }
undeliverable = { $makes ->
    [image] The picture was not delivered, because the chat could not be reached.
   *[video] The video was not delivered, because the chat could not be reached.
}

error-bad-image =
    I could not read this picture; the file seems to be damaged. Please send it again, best as a photo.
    { job-line }
error-image-too-small =
    { $makes ->
        [image] This picture is too small to start from. Please send a larger one.
       *[video] This picture is too small for a video. Please send a larger one.
    }
    { job-line }
error-image-too-large =
    This picture is too large to be opened safely. Please send a smaller one, or send it as a photo.
    { job-line }
error-image-too-heavy =
    This file is above 20 MB, more than Telegram lets me read. Please send it as a photo, or make the file smaller.
    { job-line }
error-image-unsupported =
    This file is not a picture that I can open. Please send a photo, or a JPEG, PNG, WebP or HEIC file.
    { job-line }
error-file-unavailable =
    Telegram no longer gives me your picture. Please send it again.
    { job-line }
error-chat-unreachable =
    I could not reach the chat, so the job has ended. Unblock me and press Again.
    { job-line }
error-message-deleted =
    The message of this job was deleted, so the job was cancelled. Again starts it anew.
    { job-line }
error-worker-failed =
    { $makes ->
        [image] Something broke while your picture was being made.
       *[video] Something broke while your video was being made.
    } Press Again; if it happens once more, try another photo or a shorter description.
    { job-line }
error-worker-lost =
    { $makes ->
        [image] The computers making your picture stopped answering several times.
       *[video] The computers making your video stopped answering several times.
    } It is not your fault: please press Again in a while.
    { job-line }
error-out-of-memory =
    The GPU ran out of memory with this job. Please try a smaller picture, or press Again later.
    { job-line }
error-engine-failed =
    { $makes ->
        [image] The model could not make a picture of this.
       *[video] The model could not make a video of this.
    } Press Again, or try another photo or description.
    { job-line }
error-model-missing =
    A model file is missing on our side. The operator has to repair it; please try again tomorrow.
    { job-line }
error-model-gone =
    The model for this was switched off by our service. The operator has to choose another one; please try again tomorrow.
    { job-line }
error-deadline-exceeded =
    It took longer than allowed, so I stopped. It is not your fault: please press Again.
    { job-line }
error-queue-timeout =
    No GPU became free in all this time, so I stopped waiting. Please press Again later.
    { job-line }
error-provider-rejected =
    Our GPU service did not accept this job. The operator has to look at it; please try again later.
    { job-line }
error-provider-unauthorized =
    Our GPU service does not let us in at the moment. The operator has to repair it; please try again later.
    { job-line }
error-provider-out-of-funds =
    Our account at the GPU service is empty. The operator has to top it up; please try again later.
    { job-line }
error-result-lost =
    { $makes ->
        [image] Your picture was made but got lost on its way to me.
       *[video] Your video was made but got lost on its way to me.
    } It is not your fault: please press Again.
    { job-line }
error-result-too-large =
    { $makes ->
        [image] The picture came out larger than Telegram accepts. Please choose a smaller size.
       *[video] The video came out larger than Telegram accepts (50 MB). Please try a smaller picture.
    }
    { job-line }
error-delivery-failed =
    { $makes ->
        [image] Your picture was made, but Telegram did not accept it.
       *[video] Your video was made, but Telegram did not accept it.
    } Please press Again.
    { job-line }
error-prompt-missing =
    { prompt-missing }
    { job-line }
error-prompt-only-link =
    { prompt-only-link }
    { job-line }
error-prompt-too-long =
    { prompt-too-long }
    { job-line }
error-mask-mismatch =
    { mask-mismatch }
    { job-line }
error-no-face =
    I could not find a face in this photo. Please send one where a face looks into the camera.
    { job-line }
error-content-policy =
    The service that makes this did not want to: its safety filter saw something it does not allow. Please try other words or another photo. This one does not count.
    { job-line }
error-input-refused =
    The service could not use this input. Please try another photo, or other words.
    { job-line }
error-no-media =
    The model made nothing of this. Please press Again, or try other words.
    { job-line }
error-start-timeout =
    The service was too busy to begin in time. It is not your fault: please press Again in a while.
    { job-line }
error-wait-exceeded =
    It took longer than allowed, so I stopped waiting. It is not your fault: please press Again later.
    { job-line }
error-node-missing =
    A part of the software is missing on our side. The operator has to repair it; please try again tomorrow.
    { job-line }
error-unanswered =
    The service did not say whether it took this job, and asking twice could cost twice. It is not your fault: please press Again.
    { job-line }
error-internal =
    An error on our side stopped your job. Please press Again; if it stays, give the operator this job's id.
    { job-line }

## Limits

limit-rate = { $seconds ->
    [one] That was quick. Please try again in { $seconds } second.
   *[other] That was quick. Please try again in { $seconds } seconds.
}
limit-pending = { $count ->
    [one] You already have { $count } unfinished job. Wait for it, or stop it with /cancel.
   *[other] You already have { $count } unfinished jobs. Wait for one of them, or stop one with /cancel.
}
limit-queue = So many people are waiting that the queue is full. Please try again in a few minutes.
not-allowed = This bot is private. If you know its operator, tell them your id: { $user }
not-allowed-group = This bot is private and does not work in this group. The group's id, for its operator: { $chat }

## What to send instead

reject-text = I need a photo to start from. Send one, and put this text in its caption.
reject-photo = I cannot start from a photo at the moment. Write in words what you would like to see.
reject-nothing = Nothing can be made at the moment. Please try again later.
reject-video = I cannot use a video. Please send a photo, for example a screenshot of the moment you like.
reject-video-note = I cannot use a video message. Please send a photo.
reject-animation = I cannot use a GIF. Please send a photo, or a screenshot of the moment you like.
reject-sticker = I cannot use a moving sticker. Please send a photo, or a sticker that does not move.
reject-audio = I cannot listen to this. Please send a photo, and write in its caption what should happen.
reject-other = { $makes ->
    [any] I cannot make anything of this. Please send a photo or words.
   *[video] I cannot make a video of this. Please send a photo.
}
reject-document = I cannot open this kind of file. Please send a photo, or a JPEG, PNG, WebP or HEIC file.
reject-heic = I cannot open this HEIC picture. Please send it as a photo (not as a file); Telegram then converts it.
reject-heavy = This file is above 20 MB, more than Telegram lets me read. Please send it as a photo, or make the file smaller.
reject-small = This picture is too small. Each side needs at least { $min_px } pixels; please send a larger one.
reject-large = This picture is too large: more than { NUMBER($max_mpx, maximumFractionDigits: 0) } megapixels. Please send a smaller one, or send it as a photo.
reject-ratio = This picture is too long and narrow. Please crop it so that one side is at most { $ratio } times the other.
reject-third = A video has two ends: I use the first two pictures of an album as the first and last frame, and leave out the rest.
reject-late = This picture of the album came too late; the video has already started from the others. Send both together once more if you need it.
reject-prompt = This description is too long: at most { $max } characters, please.
prompt-missing = I need a few words: what should it show? Please send it again with a description.
prompt-only-link = I cannot open links. Please describe in words what it should show.
prompt-too-long = This description is too long. Please shorten it and send it again.
mask-mismatch = The marked picture has another shape than your photo. Please mark the change on the photo itself, without cropping it.
photo-missing = I need a photo first. Please send it to me.

## /my, /status, /cancel

my-empty = { $makes ->
    [any] You have made nothing yet. /start shows what I can do.
   *[video] You have no videos yet. Send a photo to make one.
}
my-title = { $makes ->
    [any] Your pictures and videos, page { $page } of { $pages }
   *[video] Your videos, page { $page } of { $pages }
}
my-row = { $id } · { $state } · { $when } · { $prompt }
my-row-bare = { $id } · { $state } · { $when }
state-queued = in the queue
state-leased = starting
state-submitted = starting
state-running = being made
state-delivering = being sent
state-closing = ending
state-completed = done
state-failed = failed
state-cancelled = cancelled
status-usage = Which job? Write its id after the command, like this: /status ab12cd3. Your jobs: /my
status-card =
    Job { $id }: { $state }
    Sent: { $when }
status-position = Place in the queue: { $position }
status-eta = Ready in about { $eta }
status-prompt = Description: { $prompt }
status-seed = Seed: { $seed }
status-length = Length: { NUMBER($seconds, maximumFractionDigits: 2) } s
status-took = Took { $span }
span-seconds = { $seconds } s
span-minutes = { $minutes } min { $seconds } s
cancel-usage = Which job? Write its id after the command, like this: /cancel ab12cd3. Your jobs: /my
cancel-started = Job { $id } is being cancelled.
cancel-late = Job { $id } has already ended, there is nothing to cancel.
cancel-nothing = You have no unfinished jobs.
unknown-id = I do not know a job { $id }. Your jobs: /my
not-yours = This job belongs to someone else.
unknown-job = I no longer know this job, probably because our data was restored from a backup. Please send it anew.

## /deletemydata

delete-confirm = This stops your unfinished jobs and deletes everything we keep about you: jobs, prompts, settings. It cannot be undone. The messages in this chat stay, because they are yours. Delete it all?
delete-waiting = Stopping your jobs first, then everything will be deleted. I will tell you when it is done.
delete-done = Done. Nothing about you is kept any more. If you send me something, we start from scratch.
delete-kept = All right, nothing was deleted.

## Buttons: short, two in a row on a phone

button-cancel = Cancel
button-again = Again
button-seed = Another seed
button-delete-yes = Delete it all
button-delete-no = Keep it
button-previous = « Back
button-next = Next »
button-change = Change settings
button-move = Make it move
button-file = As a file
button-make = Make
button-discard = Discard
button-other = Other mode
button-back = « Back
button-words-add = Add words
button-words-change = Change words
button-mark = Mark what to change
button-marked = The marked part
button-remove = Remove
button-seed-any = Random seed

## The little answers to a press, at most 200 characters

alert-cancelling = Cancelling.
alert-queued = It is in the queue.
alert-too-late = This job has already ended.
alert-not-yours = This button belongs to someone else's job.
alert-stale = This message is out of date.
alert-card-not-yours = This card belongs to someone else.
alert-mode-gone = This is not offered at the moment.
alert-result-gone = I can no longer find this picture. Please send it to me.
alert-language = Done.
trouble = Something went wrong on our side with your last message. Please send it again.

## Menus and the bot's profile

command-start = What I do
command-help = How to use me
command-my = { $makes ->
    [any] Your pictures and videos
   *[video] Your videos
}
command-status = How a job is doing
command-cancel = Stop a job
command-language = Choose a language
command-privacy = What is kept, and for how long
command-deletemydata = Delete everything about you
command-ping = Check that I am here
bot-name = { $makes ->
    [any] Photo and Video Studio
   *[video] Photo to Video
}
bot-description = { $makes ->
    [any] Pictures and videos from your words and photos.

    Press Start and choose. I show every setting before anything begins, and my answer itself becomes the result.

    What you send stays in this chat. Please send only photos of people who agreed to it.
   *[video] Send a photo, get a short video.

    Say in the caption what should happen, and wait a few minutes: my answer itself becomes the video.

    Your pictures stay in this chat. Please send only photos of people who agreed to it.
}
bot-short-description = { $makes ->
    [any] Makes pictures and videos from your words and photos, right in the chat.
   *[video] Turns your photo into a short video, right in the chat.
}

## Ways to make something: what a person has, what they want

group-image = Image
group-video = Video
group-photo-video = Photo → video
group-photo-image = Edit a photo
about-group-image = a picture from your words
about-group-video = a video from your words
about-group-photo-video = a video from your photo
about-group-photo-image = your photo, changed as you say

mode-wan22-i2v = Photo in motion
about-wan22-i2v = five seconds; two photos are its first and last frame
mode-photo-video = Photo to video
about-photo-video = 4 or 8 seconds, with sound if you like
mode-ltx2-i2v = Photo to long video
about-ltx2-i2v = 10 to 20 seconds with sound and a camera move
mode-liveportrait = Living portrait
about-liveportrait = a face that blinks and moves a little, 10 to 20 seconds
mode-image-edit = Edit a photo
about-image-edit = changes what you say, everywhere or only in a part that you mark
mode-image = Image
about-image = a picture in seconds, standard or premium
mode-sdxl-t2i = Image (SDXL)
about-sdxl-t2i = a picture from our own server, with a seed and a list of what to leave out
mode-video = Video
about-video = 4 or 8 seconds, with sound if you like
mode-ltx2-t2v = Long video
about-ltx2-t2v = 10 to 20 seconds with sound and a camera move

## Settings of a card

param-seconds = Length
param-aspect = Format
param-size = Format
param-sound = Sound
param-quality = Quality
param-style = Style
param-negative = Leave out
param-as-file = Send as
param-expression = Expression
param-resolution = Resolution
param-camera = Camera
flag-yes = yes
flag-no = no
value-none = nothing
unit-s = { $number } s
unit-p = { $number }p
choice-quality-standard = standard
choice-quality-premium = premium
choice-quality-fast = fast
choice-quality-pro = pro
choice-style-none = as it comes
choice-style-photo = photo
choice-style-film = film
choice-style-anime = anime
choice-style-watercolour = watercolour
choice-style-oil = oil painting
choice-style-3d = 3D
choice-as-file-false = photo
choice-as-file-true = file
choice-expression-calm = calm
choice-expression-smile = smile
choice-expression-nod = nod
choice-camera-static = stands still
choice-camera-dolly-in = moves in
choice-camera-dolly-out = moves out
choice-camera-dolly-left = moves left
choice-camera-dolly-right = moves right
choice-camera-jib-up = rises
choice-camera-jib-down = sinks
refuse-vram = the graphics card that makes it is too small for more

## The card

offer-photo = What shall I make of it?
offer-words = What shall I make of these words?
offer-group = Which way shall I make it?
offer-line = • { $name }: { $about }
card-quote = “{ $prompt }”
card-choice = { $name }: { $value }
card-seed = Seed: { $seed }
card-two-frames = Your two pictures are its first and last frame.
card-first-only = I use only the first of your pictures here.
card-marked = Only the part that you marked is changed.
card-expected = Takes about { $span }.
card-price = Costs about ${ NUMBER($usd, minimumFractionDigits: 2, maximumFractionDigits: 3) }.
note-nearest = { $wanted } is not offered, the nearest is { $became }.
note-refused = { $wanted } → { $became }: { $why }.
cut-sides = The picture is cut to { $ratio }: { $percent } % of it goes, at the left and right.
cut-ends = The picture is cut to { $ratio }: { $percent } % of it goes, at the top and bottom.
cut-maybe = If the picture is not { $ratio }, its edges are cut off.
ask-image = Send me the photo now. Its caption may say what it should show.
ask-prompt = { $makes ->
    [image] Write to me what the picture should show.
   *[video] Write to me what should happen in the video.
}
ask-text = { $name }: write it to me, at most { $max } characters.
ask-mask = Send this photo once more with the part to change painted over (Telegram's brush), or a black-and-white picture of the same shape: white is changed.
ask-by-reply = In this group, answer by replying to this message.
